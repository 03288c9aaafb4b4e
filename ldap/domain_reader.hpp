// One domain, read: keeps a connection to one of its domain controllers and answers polls from it.
// Blocking, for one worker thread; every operation has a hard deadline (facts: libldap blocks in DNS, TLS and SASL).
// Decides between a full sweep and a uSNChanged (or DirSync) window by the cursor it is given, never skips a gap,
// and believes an empty answer only after the canary showed that the account can read what it must.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "ldap/connection_limits.hpp"
#include "ldap/directory_user.hpp"
#include "ldap/poll_error.hpp"

namespace keysyncd::ldap {

class DeadlineSupervisor;

/// How far one domain controller was read. uSNChanged means nothing on another one or after a restore.
struct DirectoryCursor {
    std::string server;  ///< URL as configured or discovered
    Guid invocation_id;
    std::uint64_t usn = 0;       ///< changes up to and with this one were read
    std::string dirsync_cookie;  ///< empty unless read by DirSync
    /// The newest change to a user that was read: what another domain controller must have received before it is read.
    /// `usn` counts other changes too, of which some never leave the domain controller.
    std::uint64_t newest_usn = 0;
};

enum class PassKind : std::uint8_t { full_sweep, window, quiet };
[[nodiscard]] std::string_view to_string(PassKind kind) noexcept;

/// Told once, before the first batch of a pass.
struct PassStart {
    PassKind kind = PassKind::window;
    std::string server;
    std::string reason;  ///< why a full sweep: "first pass", "interval", "another domain controller", ...
    Instant started;     ///< our clock
    std::chrono::nanoseconds clock_offset{};  ///< the domain controller's clock minus ours, round trip halved
    /// It may lag behind the one read before, and nobody can tell: what is missing here need not have been removed.
    bool may_lag = false;
    std::uint64_t read_up_to = 0;  ///< uSNChanged that was read there before; 0: nothing, or set back since
};

/// Told once a pass has ended well. Everything it found has been handed to the sink before.
struct PassEnd {
    PassStart start;
    Instant ended;
    DirectoryCursor cursor;  ///< to be stored together with what was found
    Sid domain_sid;
    std::string base_dn;
    std::uint64_t entries = 0;
    std::optional<std::chrono::sys_seconds> certificate_expiry;  ///< of the domain controller's certificate
    std::vector<std::string> warnings;      ///< true but not fatal: users whose keys are hidden, for instance
    bool dirsync = false;                   ///< changes were tracked by DirSync, else by uSNChanged
    std::string tracking_reason;            ///< why that was chosen
    std::uint64_t metadata_asked = 0;       ///< users whose replication metadata was asked for
    std::uint64_t metadata_unreadable = 0;  ///< of these, users with keys that showed none: their writes stay bounded
    std::vector<std::string> given_up;      ///< servers that were waited for in vain: their cursors are to be dropped
    std::string lag_untold;                 ///< what to mend where nobody can tell whether this one lags behind others
    bool cut_short = false;                 ///< a look that saw as many users as it wanted: not to be stored
    std::vector<Guid> hidden;               ///< of bereft(): their keys may no longer be read, and were not removed
};

/// A user that was read before.
struct KnownUser {
    Guid object_guid;
    std::string dn;  ///< as it was then
};

/// Receives a pass on the worker thread. Returning false from users() stops the pass (PollFailure::stopped).
class PassSink {
  public:
    virtual ~PassSink() = default;
    virtual void begin(const PassStart& start) = 0;
    virtual bool users(std::vector<DirectoryUser>&& batch) = 0;
    /// Asked before users(): which of them carry a key worth the search for its exact write (msDS-ReplValueMetaData)?
    /// One flag a user, or none at all when nobody does.
    virtual std::vector<bool> with_news(std::span<const DirectoryUser> batch);
    /// Asked once after the last users(): who had keys and would lose all of them by what this pass showed, or did not
    /// show? Each is looked for: PassEnd::hidden names those whose keys cannot be taken for removed.
    virtual std::vector<KnownUser> bereft();
};

/// Whom to look for: by SID, else by objectGUID or mS-DS-ConsistencyGuid, else by a name that a person typed.
struct AccountQuery {
    Sid sid;
    std::optional<Guid> immutable_id;
    std::string name{};  ///< UPN, sAMAccountName, DN, objectGUID or SID

    /// Nothing is known to look for: no answer would mean anything.
    [[nodiscard]] bool names_nobody() const noexcept { return sid.empty() && !immutable_id && name.empty(); }
};

class DomainReader {
  public:
    DomainReader(config::DomainSettings settings, DeadlineSupervisor& supervisor, const ConnectionLimits& limits = {});
    ~DomainReader();
    DomainReader(const DomainReader&) = delete;
    DomainReader& operator=(const DomainReader&) = delete;

    /// One poll. `cursors`: every domain controller read before, the last one last. `sweep_due`: a full sweep whatever
    /// the cursor says. A connection that was cut since the last call is opened again, once. On any other failure the
    /// connection is dropped and the next call tries the next server; waiting between calls is the caller's
    /// (daemon/backoff). A failed pass may have handed users to the sink: they are true, only not all.
    [[nodiscard]] std::expected<PassEnd, PollError> poll(std::span<const DirectoryCursor> cursors, bool sweep_due,
                                                         PassSink& sink, const std::stop_token& stop);

    /// A full sweep that ends well after so many users, and proves all that a whole one does: for a check.
    [[nodiscard]] std::expected<PassEnd, PollError> look(std::uint64_t most_users, PassSink& sink,
                                                         const std::stop_token& stop);

    /// The account behind a waiting key, whether or not it carries keys; std::nullopt when it is not there.
    [[nodiscard]] std::expected<std::optional<DirectoryUser>, PollError> look_up(const AccountQuery& query,
                                                                                 const std::stop_token& stop);

    /// How often a connection was opened.
    [[nodiscard]] std::uint64_t connections() const noexcept;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace keysyncd::ldap
