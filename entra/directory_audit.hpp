// directoryAudit entities (Graph v1.0, and the same inside exported logs) as registration events. Pure.
// An event counts only when its activity is one of the configured names and its result is success. It names its user in
// one of three ways (the target's id may be null for the Device Registration Service); none of them is proof of a key.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "entra/registration_event.hpp"

namespace keysyncd::entra {

/// The configured activity names, without regard to case.
class ActivityNames {
  public:
    explicit ActivityNames(const config::AuditActivities& settings);

    struct Meaning {
        EventKind kind = EventKind::registered;
        KeyKind key_kind = KeyKind::ngc;
    };
    [[nodiscard]] std::optional<Meaning> meaning(std::string_view activity) const;
    /// As configured, for queries.
    [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

  private:
    void add(const std::vector<std::string>& names, Meaning meaning);
    std::vector<std::string> names_;
    std::map<std::string, Meaning, std::less<>> by_lower_;
};

/// Why a record gives no event. `irrelevant` is normal, `malformed` is counted.
struct NoEvent {
    enum class Why : std::uint8_t { irrelevant, malformed } why{};
    std::string detail;  ///< what is missing or wrong, for malformed ones
};

[[nodiscard]] std::expected<RegistrationEvent, NoEvent> read_directory_audit(const boost::json::object& record,
                                                                             const ActivityNames& activities);

struct AuditPage {
    std::vector<RegistrationEvent> events;
    std::vector<std::string> malformed;  ///< what was wrong with each record that should have been an event
    std::string next_link;
};

/// One answer of auditLogs/directoryAudits. The error says what was expected.
[[nodiscard]] std::expected<AuditPage, std::string> read_audit_page(std::string_view body,
                                                                    const ActivityNames& activities);

}  // namespace keysyncd::entra
