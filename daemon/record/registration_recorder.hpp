// Takes what the audit sources and Graph say of registrations, deletions and users, and brings the ledger to it.
// Repeated, late and unordered events are normal: the event id tells them apart.
// The ledger's thread only. Each call is one transaction.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "daemon/ledger/ledger.hpp"
#include "daemon/record/registration_matcher.hpp"
#include "entra/entra_user.hpp"
#include "entra/registration_event.hpp"

namespace keysyncd::daemon {

/// How far a source was read, in a text that only it understands; stored together with what was read.
struct SourcePosition {
    std::string source;
    std::string text;
    std::uint64_t malformed = 0;  ///< records that could not be read since the position before
};

class RegistrationRecorder {
  public:
    RegistrationRecorder(Ledger& ledger, const config::Settings& settings);

    void record_events(std::span<const entra::RegistrationEvent> events, Instant now,
                       const SourcePosition& position = {});
    /// As last stored; empty at first.
    [[nodiscard]] std::string position(std::string_view source);

    /// Object ids, or user principal names where the event had no id, that Graph should be asked about.
    [[nodiscard]] std::vector<std::string> users_to_read(Instant now);
    /// `asked` is the string that users_to_read gave; std::nullopt: Entra does not know it (any more).
    void record_user(const std::string& asked, const std::optional<entra::EntraUser>& user, Instant now);

  private:
    void resolve(RegistrationRow registration, const EntraUserRow& user, Instant now);
    [[nodiscard]] bool is_told_twice(const RegistrationRow& registration, const EntraUserRow& user, Instant now);
    [[nodiscard]] EntraUserRow place(const entra::EntraUser& user, Instant now) const;

    Ledger* ledger_;
    config::Settings settings_;
    RegistrationMatcher matcher_;
};

/// onPremisesImmutableId: base64 of 16 bytes, objectGUID or mS-DS-ConsistencyGuid.
[[nodiscard]] std::optional<ldap::Guid> immutable_id(const std::string& base64);

}  // namespace keysyncd::daemon
