// A key's birth or end in Entra ID as an audit source tells it. Plain data.
// The audit event names a user and a time; a key id or device id is optional evidence only (facts: never verified).
#pragma once

#include <cstdint>
#include <string>

#include "entra/graph_time.hpp"

namespace keysyncd::entra {

enum class EventKind : std::uint8_t { registered, deleted };
enum class KeyKind : std::uint8_t { ngc, fido };

struct RegistrationEvent {
    std::string event_id;  ///< directoryAudit.id: unique, not always a GUID
    EventKind kind = EventKind::registered;
    KeyKind key_kind = KeyKind::ngc;
    Instant at;                       ///< activityDateTime
    std::string user_id;              ///< Entra object id; may be empty
    std::string user_principal_name;  ///< may be empty, not both
    std::string method_id{};          ///< of the authentication method that told it; empty: the audit log did
};

}  // namespace keysyncd::entra
