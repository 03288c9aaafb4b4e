#include "entra/directory_audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "entra/graph_error.hpp"
#include "entra/http_client.hpp"
#include "entra/json_access.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::size_t longest_name = 1024;  // an id or a user principal name is far shorter

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
}

std::unexpected<NoEvent> malformed(std::string_view id, std::string_view what) {
    return std::unexpected(NoEvent{NoEvent::Why::malformed,
                                   fmt::format("event {}: {}", id.empty() ? "without id" : one_line(id, 80), what)});
}

/// The first target that is a user. Device Registration Service events may list the device beside the user.
const boost::json::object* user_target(const boost::json::object& record) {
    const boost::json::array* targets = array_member(record, "targetResources");
    if (targets == nullptr) {
        return nullptr;
    }
    for (const boost::json::value& target : *targets) {
        const boost::json::object* object = target.if_object();
        if (object == nullptr) {
            continue;
        }
        const std::string_view type = string_member(*object, "type");
        if (type.empty() || equal_ignoring_case(type, "User")) {
            return object;
        }
    }
    return nullptr;
}

void name_user(const boost::json::object& record, RegistrationEvent& event) {
    if (const boost::json::object* target = user_target(record)) {
        event.user_id = string_member(*target, "id");
        event.user_principal_name = string_member(*target, "userPrincipalName");
    }
    const boost::json::object* initiated_by = object_member(record, "initiatedBy");
    const boost::json::object* initiator = initiated_by == nullptr ? nullptr : object_member(*initiated_by, "user");
    if (initiator == nullptr || !event.user_id.empty()) {
        return;
    }
    // An administrator may delete someone else's key: the initiator is believed only when the target names nobody, or
    // names the initiator.
    const std::string_view name = string_member(*initiator, "userPrincipalName");
    if (event.user_principal_name.empty() || equal_ignoring_case(event.user_principal_name, name)) {
        event.user_id = string_member(*initiator, "id");
        event.user_principal_name = name;
    }
}

}  // namespace

ActivityNames::ActivityNames(const config::AuditActivities& settings) {
    add(settings.ngc_added, {EventKind::registered, KeyKind::ngc});
    add(settings.ngc_deleted, {EventKind::deleted, KeyKind::ngc});
    add(settings.fido_added, {EventKind::registered, KeyKind::fido});
    add(settings.fido_deleted, {EventKind::deleted, KeyKind::fido});
}

void ActivityNames::add(const std::vector<std::string>& names, Meaning meaning) {
    for (const std::string& name : names) {
        if (by_lower_.emplace(lower_case(name), meaning).second) {
            names_.push_back(name);
        }
    }
}

std::optional<ActivityNames::Meaning> ActivityNames::meaning(std::string_view activity) const {
    const auto found = by_lower_.find(lower_case(activity));
    return found == by_lower_.end() ? std::nullopt : std::optional{found->second};
}

std::expected<RegistrationEvent, NoEvent> read_directory_audit(const boost::json::object& record,
                                                               const ActivityNames& activities) {
    const auto meaning = activities.meaning(string_member(record, "activityDisplayName"));
    if (!meaning || !equal_ignoring_case(string_member(record, "result"), "success")) {
        return std::unexpected(NoEvent{NoEvent::Why::irrelevant, {}});
    }
    RegistrationEvent event;
    event.kind = meaning->kind;
    event.key_kind = meaning->key_kind;
    event.event_id = string_member(record, "id");
    if (event.event_id.empty() || event.event_id.size() > longest_name) {
        return malformed({}, "no usable id");
    }
    const std::string_view time = string_member(record, "activityDateTime");
    const auto at = parse_rfc3339(time);
    if (!at) {
        return malformed(event.event_id, fmt::format("activityDateTime '{}' is no RFC 3339 time", one_line(time, 60)));
    }
    event.at = *at;
    name_user(record, event);
    if (event.user_id.empty() && event.user_principal_name.empty()) {
        return malformed(event.event_id, "neither targetResources nor initiatedBy names a user");
    }
    if (event.user_id.size() > longest_name || event.user_principal_name.size() > longest_name) {
        return malformed(event.event_id, "the user's name is over 1024 bytes long");
    }
    return event;
}

std::expected<AuditPage, std::string> read_audit_page(std::string_view body, const ActivityNames& activities) {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(body, failed);
    const boost::json::object* answer = failed ? nullptr : document.if_object();
    if (answer == nullptr) {
        return std::unexpected(failed ? fmt::format("no JSON: {}", failed.message()) : "no JSON object");
    }
    const boost::json::array* records = array_member(*answer, "value");
    if (records == nullptr) {
        return std::unexpected("no array `value` in the answer");
    }
    AuditPage page;
    page.next_link = string_member(*answer, "@odata.nextLink");
    for (const boost::json::value& record : *records) {
        const boost::json::object* object = record.if_object();
        if (object == nullptr) {
            page.malformed.emplace_back("a record is no JSON object");
            continue;
        }
        auto event = read_directory_audit(*object, activities);
        if (event) {
            page.events.push_back(std::move(*event));
        } else if (event.error().why == NoEvent::Why::malformed) {
            page.malformed.push_back(std::move(event.error().detail));
        }
    }
    return page;
}

}  // namespace keysyncd::entra
