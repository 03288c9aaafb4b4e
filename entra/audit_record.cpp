#include "entra/audit_record.hpp"

#include <array>
#include <boost/json.hpp>
#include <utility>

#include "entra/http_client.hpp"
#include "entra/json_access.hpp"

namespace keysyncd::entra {
namespace {

/// The value itself, or what it holds as JSON in text.
boost::json::value unfold(const boost::json::value& value) {
    const boost::json::string* text = value.if_string();
    if (text == nullptr) {
        return value;
    }
    boost::system::error_code failed;
    boost::json::value inner = boost::json::parse(*text, failed);
    return failed ? value : inner;
}

/// Log Analytics' columns and the members they came from; the first column that is there counts.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> columns{
    {{"Id", "id"},
     {"ActivityDisplayName", "activityDisplayName"},
     {"OperationName", "activityDisplayName"},
     {"ActivityDateTime", "activityDateTime"},
     {"TimeGenerated", "activityDateTime"},
     {"Result", "result"},
     {"InitiatedBy", "initiatedBy"},
     {"TargetResources", "targetResources"},
     {"Category", "category"}}};

boost::json::object from_columns(const boost::json::object& record) {
    boost::json::object audit;
    for (const auto& [column, member] : columns) {
        const boost::json::value* value = record.if_contains(column);
        if (value != nullptr && !value->is_null() && !audit.contains(member)) {
            audit[member] = unfold(*value);
        }
    }
    return audit;
}

}  // namespace

std::expected<RegistrationEvent, NoEvent> read_audit_record(const boost::json::object& record,
                                                            const ActivityNames& activities) {
    if (const boost::json::value* properties = record.if_contains("properties")) {
        // Azure Monitor's record: other categories (sign-ins, provisioning) may be in the same stream.
        const std::string_view category = string_member(record, "category");
        if (!category.empty() && !equal_ignoring_case(category, "AuditLogs")) {
            return std::unexpected(NoEvent{NoEvent::Why::irrelevant, {}});
        }
        if (const boost::json::object* audit = properties->if_object()) {
            return read_directory_audit(*audit, activities);
        }
        const boost::json::value audit = unfold(*properties);
        if (const boost::json::object* inner = audit.if_object()) {
            return read_directory_audit(*inner, activities);
        }
        return std::unexpected(NoEvent{NoEvent::Why::malformed, "`properties` is no object"});
    }
    if (record.contains("ActivityDisplayName") || record.contains("OperationName")) {
        return read_directory_audit(from_columns(record), activities);
    }
    return read_directory_audit(record, activities);
}

}  // namespace keysyncd::entra
