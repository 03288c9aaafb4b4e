// What Prometheus sees of the ledger: plain numbers in, text exposition out. Nothing here knows LDAP, Graph or SQLite.
// A Snapshot is immutable and shared: rendering it needs no lock and touches memory only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keysyncd::metrics {

/// Upper bounds of keysync_delay_seconds and keysync_replication_delay_seconds, in seconds; +Inf follows.
inline constexpr std::array<double, 15> delay_bounds{60,   300,  600,  900,  1200,  1500,  1800, 2100,
                                                     2700, 3600, 5400, 7200, 14400, 28800, 86400};

enum class Usage : std::uint8_t { ngc, fido, other };
inline constexpr std::array<std::string_view, 3> usage_labels{"NGC", "FIDO", "Other"};

enum class State : std::uint8_t { pending, overdue, synced, unmatched, local, withdrawn, removed };
inline constexpr std::array<std::string_view, 7> state_labels{"pending", "overdue",   "synced", "unmatched",
                                                              "local",   "withdrawn", "removed"};

enum class Cause : std::uint8_t {
    sync_stalled,
    protected_account,
    not_in_directory,
    account_disabled,
    provisioning_error,
    unknown
};
inline constexpr std::array<std::string_view, 6> cause_labels{
    "sync_stalled", "protected_account", "not_in_directory", "account_disabled", "provisioning_error", "unknown"};

enum class Precision : std::uint8_t { exact, bounded };
inline constexpr std::array<std::string_view, 2> precision_labels{"exact", "bounded"};

struct Histogram {
    std::array<std::uint64_t, delay_bounds.size() + 1> buckets{};  ///< not cumulative; the last is above every bound
    std::int64_t sum_ticks = 0;                                    ///< 100 ns
    void observe(std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>> delay) noexcept;
    [[nodiscard]] std::uint64_t count() const noexcept;
};

/// A registered key that is not in the directory yet.
struct Waiting {
    std::int64_t registered_at = 0;  ///< 100 ns since 1970
    Usage usage = Usage::ngc;
    Cause cause = Cause::unknown;  ///< counts once it is overdue
    bool alerts = true;            ///< false: shown by state only (FIDO where none was ever written back)
};

struct UsageFigures {
    Histogram delay;
    std::uint64_t missed_cycles = 0;
    std::uint64_t registrations = 0;
    std::uint64_t writes = 0;
    std::uint64_t removals = 0;
    std::array<std::uint64_t, state_labels.size()> keys{};  ///< pending and overdue stay 0: they follow from `waiting`
};

struct DomainFigures {
    std::string domain;
    std::array<UsageFigures, usage_labels.size()> usage;
    std::array<std::uint64_t, precision_labels.size()> measurements{};
    std::vector<Waiting> waiting;
    std::map<std::string, std::uint64_t> malformed_values;  ///< kind -> count
    std::map<std::string, std::uint64_t> suspicious_keys;   ///< reason -> keys
    std::map<std::string, Histogram> replication_delay;     ///< observed server -> histogram
    double last_write = 0;                                  ///< Unix seconds, as all below; 0: none
    double cycle_seconds = 0;
    double overdue_after_seconds = 0;
    double observed_cycle_seconds = 0;
    double last_cycle = 0;
    double next_cycle = 0;
    std::uint64_t entries = 0;
    std::uint64_t full_sweeps = 0;
};

/// What the tenant's synchronisation is set up to do, as Entra tells it; none where it does not.
struct SyncSetup {
    std::optional<bool> enabled;
    std::optional<bool> password_sync;
    std::optional<bool> device_writeback;
    std::optional<bool> user_writeback;
};

struct Snapshot {
    std::vector<DomainFigures> domains;
    double entra_last_sync = 0;
    double entra_last_password_sync = 0;
    SyncSetup entra_sync;
    std::uint64_t malformed_graph_records = 0;  ///< of the audit log
    std::uint64_t malformed_file_records = 0;   ///< of exported audit logs
    double registration_gap_seconds = 0;        ///< of the audit log, lost to its retention
    std::uint64_t ledger_size_bytes = 0;
    std::uint64_t ledger_commit_failures = 0;
    std::uint64_t ledger_rebuilds = 0;
};

}  // namespace keysyncd::metrics
