// What is told about keys, users and cycles by the API, the pages, explain and report: one shape for all of them.
// Plain data, made from the ledger's rows (daemon/ledger_queries.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/ledger/ledger_rows.hpp"
#include "daemon/rules/cycle_model.hpp"
#include "metrics/exposition.hpp"

namespace keysyncd::daemon {

struct UserName {
    std::string domain;
    std::string dn;  ///< empty: no directory object is known
    std::string user_principal_name;
    std::string sam_account_name;
    std::string object_guid;  ///< empty where unknown, like the next two
    std::string object_sid;
    std::string entra_id;
};

struct KeyView {
    UserName user;
    std::string key_id;  ///< hex, lower case; empty while the key is not in the directory
    std::string usage;   ///< "NGC", "FIDO", ...
    std::string source;  ///< "AzureAD", "AD"
    std::optional<std::string> device_id;
    metrics::State state = metrics::State::pending;
    std::optional<Instant> registered_at;
    std::optional<Instant> written_earliest;
    std::optional<Instant> written_latest;
    std::optional<Ticks> delay;  ///< measured; none for history, local and re-added keys
    std::uint64_t missed_cycles = 0;
    std::optional<metrics::Precision> precision;
    std::optional<metrics::Cause> cause;  ///< of an overdue key
    std::optional<Instant> removed_at;
    std::uint32_t findings = 0;  ///< bits of ldap/key_findings.hpp
    std::vector<UserName>
        shared_with;  ///< others that carry the same key, some of them; told with one user's keys only

    /// Its authentication method, where Entra has shown it.
    struct Method {
        std::string id;
        std::string strength;             ///< "normal", "weak"; empty where Entra does not tell
        std::optional<Instant> known_at;  ///< shown last
    };
    std::optional<Method> method;
};

struct NextWrite {
    Instant at;
    Ticks uncertainty{};
    bool observed = false;   ///< inferred from the writes; else a configured cycle after the tenant's last sync, or now
    bool last_sync = false;  ///< not observed, but counted from the tenant's last sync
};

struct UserView {
    UserName user;
    bool protected_account = false;
    bool disabled = false;
    std::vector<KeyView> keys;                 ///< waiting ones first, then the newest registration
    std::optional<NextWrite> next_write;       ///< none where nothing waits, or waiting is of no use
    std::optional<metrics::Cause> blocked_by;  ///< what somebody has to mend before the next write
};

/// Where what waits has a cause that no cycle mends, the next write is not to be waited for.
void settle_next_write(UserView& user);

struct CycleView {
    std::string domain;
    std::chrono::seconds configured{};
    std::optional<ObservedCycle> observed;
    std::optional<Instant> next;
    std::vector<WriteBurst> bursts;  ///< newest last
};

[[nodiscard]] constexpr bool waits(const KeyView& key) noexcept {
    return key.state == metrics::State::pending || key.state == metrics::State::overdue;
}

struct KeyFilter {
    std::optional<metrics::State> state;
    std::string domain;  ///< empty: every domain
    std::size_t limit = 100;
    std::string cursor;  ///< of the page before
};

struct KeyPage {
    std::vector<KeyView> keys;
    std::string next_cursor;  ///< empty at the end
};

}  // namespace keysyncd::daemon
