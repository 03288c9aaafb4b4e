// Joins a registration in Entra ID to a write in Active Directory. Pure: `now` and every row are arguments.
// Terms as in the design: registered_at, written_at as an interval, delay, missed cycles, precision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "ldap/directory_user.hpp"
#include "metrics/exposition.hpp"

namespace keysyncd::daemon {

using ldap::Instant;
using ldap::Ticks;

/// The audit event and the key's own creation time are stamped by different services: how far apart they may lie.
inline constexpr Ticks match_tolerance = std::chrono::minutes{5};

struct WriteInterval {
    Instant earliest;
    Instant latest;
    metrics::Precision precision = metrics::Precision::bounded;
    bool readded = false;  ///< deleted and added again: says nothing about the first arrival
    auto operator<=>(const WriteInterval&) const = default;
};

/// What is known about the moment a key appeared. Times are of our clock unless said otherwise.
struct Sighting {
    std::optional<Instant> previous_pass;  ///< start of the last pass that ended well; none before the first
    Instant seen;                          ///< when its entry had been read
    std::optional<std::chrono::sys_seconds> when_changed;  ///< of the user, the domain controller's clock
    std::optional<ldap::DirectoryKey::Write> write;        ///< from replication metadata
    std::chrono::nanoseconds clock_offset{};               ///< domain controller minus ours
    bool unchanged = false;  ///< the user, since an earlier pass read this domain controller's database, by uSNChanged
};

/// The user has not changed since a pass over the same database did not show the key: it was there then, and comes to
/// light only now (a right, another base_dn or filter). When it was written nobody knows. By uSNChanged, not by
/// whenChanged: what another domain controller had long before, and what replication brought late, is news.
[[nodiscard]] bool was_hidden(const Sighting& sighting, std::optional<Instant> created_at) noexcept;

/// exact where the metadata named the write; else between the last pass without the key and now, the upper bound
/// narrowed by whenChanged: the write itself bumped it, so the write is never later. A clock offset widens that bound.
[[nodiscard]] WriteInterval bound_write(const Sighting& sighting, std::optional<Instant> registered_at) noexcept;

/// Delay of the latest possible write. Below zero by no more than a second and the clock offset counts as 0;
/// beyond that the measurement is malformed (clocks, or a forged creation time): std::nullopt.
[[nodiscard]] std::optional<Ticks> measure_delay(Instant registered_at, const WriteInterval& write,
                                                 std::chrono::nanoseconds clock_offset) noexcept;

/// Whole cycles beyond the first; the first one has the grace that a cycle's own run takes.
[[nodiscard]] std::uint64_t missed_cycles(Ticks delay, std::chrono::seconds cycle, std::chrono::seconds grace) noexcept;

[[nodiscard]] metrics::Usage usage_of(ldap::KeyUsage usage) noexcept;

/// The index of the time nearest to `at` within the tolerance; std::nullopt when there is none.
[[nodiscard]] std::optional<std::size_t> nearest(Instant at, std::span<const Instant> times,
                                                 Ticks tolerance = match_tolerance) noexcept;

/// What a deletion in Entra means for one user and key kind. Times are those of keys not yet spoken for.
struct DeletionView {
    Instant deleted_at;
    std::span<const Instant> pending;  ///< registered_at of registrations not in the directory, oldest first
    std::span<const Instant> live;     ///< created_at of keys in the directory
    std::span<const Instant> removed;  ///< removed_at of keys that left the directory
};

enum class DeletionOutcome : std::uint8_t {
    open,              ///< wait: the key is still to be removed from the directory, or its registration is to come
    explains_removal,  ///< `index` into removed
    withdraws,         ///< `index` into pending
};

struct DeletionDecision {
    DeletionOutcome outcome = DeletionOutcome::open;
    std::size_t index = 0;
};

/// The event names no key. Where both a waiting and a written key could be meant, it stays open until a removal from
/// the directory explains it, or `patience` passes without one: then the waiting key was meant.
[[nodiscard]] DeletionDecision decide_deletion(const DeletionView& view, Instant now, Ticks patience) noexcept;

/// What the directory and Entra say of the account of a waiting key.
enum class AccountFinding : std::uint8_t { unknown = 0, normal = 1, absent = 2, disabled = 3, protected_account = 4 };

/// The closed set of causes, most specific first.
[[nodiscard]] metrics::Cause cause_of(AccountFinding account, bool provisioning_errors, bool sync_stalled) noexcept;

}  // namespace keysyncd::daemon
