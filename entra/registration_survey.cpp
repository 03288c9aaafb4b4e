#include "entra/registration_survey.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "entra/json_access.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::string_view registered_prefix = "report:";
constexpr std::string_view deleted_prefix = "report-deleted:";

RegistrationEvent event_of(const RegistrationDetails& row, std::string_view method_id, KeyKind key_kind, EventKind kind,
                           Instant at) {
    RegistrationEvent event;
    event.event_id = fmt::format("{}{}:{}", kind == EventKind::registered ? registered_prefix : deleted_prefix,
                                 row.user_id, method_id);
    event.kind = kind;
    event.key_kind = key_kind;
    event.at = at;
    event.user_id = row.user_id;
    event.user_principal_name = row.user_principal_name;
    event.method_id = method_id;
    return event;
}

std::optional<SurveyedUser> parse_user(const boost::json::value& value) {
    const boost::json::object* object = value.if_object();
    const auto updated = object == nullptr ? std::nullopt : parse_rfc3339(string_member(*object, "updated"));
    const boost::json::object* methods = object == nullptr ? nullptr : object_member(*object, "methods");
    if (!updated || methods == nullptr) {
        return std::nullopt;
    }
    SurveyedUser user{*updated, {}};
    for (const auto& [id, kind] : *methods) {
        if (!kind.is_string()) {
            return std::nullopt;
        }
        user.methods.emplace(std::string{id}, kind.get_string() == "fido" ? KeyKind::fido : KeyKind::ngc);
    }
    return user;
}

}  // namespace

std::string serialize(const SurveyState& state) {
    boost::json::object users;
    for (const auto& [id, user] : state.users) {
        boost::json::object methods;
        for (const auto& [method, kind] : user.methods) {
            methods[method] = kind == KeyKind::fido ? "fido" : "ngc";
        }
        users[id] =
            boost::json::object{{"updated", format_rfc3339(user.last_updated)}, {"methods", std::move(methods)}};
    }
    boost::json::object document{{"users", std::move(users)}};
    if (state.baseline) {
        document["baseline"] = format_rfc3339(*state.baseline);
    }
    return boost::json::serialize(document);
}

std::optional<SurveyState> parse_survey_state(std::string_view text) {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(text, failed);
    const boost::json::object* object = failed ? nullptr : document.if_object();
    const boost::json::object* users = object == nullptr ? nullptr : object_member(*object, "users");
    if (users == nullptr) {
        return std::nullopt;
    }
    SurveyState state;
    state.baseline = parse_rfc3339(string_member(*object, "baseline"));
    for (const auto& [id, value] : *users) {
        auto user = parse_user(value);
        if (!user) {
            return std::nullopt;
        }
        state.users.emplace(std::string{id}, std::move(*user));
    }
    return state;
}

bool needs_question(SurveyState& state, const RegistrationDetails& row) {
    const auto found = state.users.find(row.user_id);
    const bool has_methods = row.has_ngc || row.has_fido;
    if (found == state.users.end()) {
        // Whoever has not changed since the baseline has no key that is younger.
        if (has_methods && (!state.baseline || row.last_updated >= *state.baseline)) {
            return true;
        }
        state.users.emplace(row.user_id, SurveyedUser{row.last_updated, {}});
        return false;
    }
    if (found->second.last_updated == row.last_updated) {
        return false;
    }
    if (has_methods || !found->second.methods.empty()) {
        return true;
    }
    found->second.last_updated = row.last_updated;
    return false;
}

bool is_survey_event(std::string_view event_id) noexcept {
    return event_id.starts_with(registered_prefix) || event_id.starts_with(deleted_prefix);
}

std::string_view deleted_method(std::string_view event_id) noexcept {
    if (!event_id.starts_with(deleted_prefix)) {
        return {};
    }
    event_id.remove_prefix(deleted_prefix.size());
    const std::size_t end_of_user = event_id.find(':');
    return end_of_user == std::string_view::npos ? std::string_view{} : event_id.substr(end_of_user + 1);
}

bool has_kind(const SurveyState& state, const RegistrationDetails& row, KeyKind kind) {
    if (kind == KeyKind::ngc ? row.has_ngc : row.has_fido) {
        return true;
    }
    const auto found = state.users.find(row.user_id);
    return found != state.users.end() &&
           std::ranges::any_of(found->second.methods, [kind](const auto& method) { return method.second == kind; });
}

std::vector<RegistrationEvent> record_methods(SurveyState& state, const RegistrationDetails& row,
                                              const std::vector<AuthenticationMethod>& methods, Instant now) {
    SurveyedUser& user = state.users[row.user_id];
    std::vector<RegistrationEvent> events;
    std::map<std::string, KeyKind> present;
    for (const AuthenticationMethod& method : methods) {
        present.emplace(method.id, method.kind);
        const Instant created = method.created_at.value_or(row.last_updated);
        if (!user.methods.contains(method.id) && (!state.baseline || created >= *state.baseline)) {
            events.push_back(event_of(row, method.id, method.kind, EventKind::registered, created));
        }
    }
    for (const auto& [id, kind] : user.methods) {
        if (!present.contains(id)) {
            events.push_back(event_of(row, id, kind, EventKind::deleted, now));
        }
    }
    user.methods = std::move(present);
    user.last_updated = row.last_updated;
    return events;
}

}  // namespace keysyncd::entra
