// One record of an exported audit log, in any of the shapes that exports have: Graph's directoryAudit itself, Azure
// Monitor's record around it (Event Hub, storage), and Log Analytics' columns in PascalCase, whose nested values may be
// JSON in text. Pure. The event's id is the same in all of them, so that what comes twice is counted once.
#pragma once

#include <boost/json/fwd.hpp>
#include <expected>

#include "entra/directory_audit.hpp"

namespace keysyncd::entra {

[[nodiscard]] std::expected<RegistrationEvent, NoEvent> read_audit_record(const boost::json::object& record,
                                                                          const ActivityNames& activities);

}  // namespace keysyncd::entra
