#include "daemon/view/view_json.hpp"

#include <boost/json/array.hpp>

#include "daemon/rules/advice.hpp"
#include "entra/graph_time.hpp"
#include "ldap/key_findings.hpp"

namespace keysyncd::daemon {
namespace {

namespace json = boost::json;

json::value time_or_null(const std::optional<Instant>& at) {
    return at ? json::value(entra::format_rfc3339(*at)) : json::value(nullptr);
}

json::value cause_or_null(const std::optional<metrics::Cause>& cause) {
    return cause ? json::value(metrics::cause_labels[static_cast<std::size_t>(*cause)]) : json::value(nullptr);
}

double seconds(Ticks ticks) {
    return std::chrono::duration<double>(ticks).count();
}

}  // namespace

json::object to_json(const UserName& user) {
    return {{"domain", user.domain},
            {"dn", user.dn},
            {"user_principal_name", user.user_principal_name},
            {"sam_account_name", user.sam_account_name},
            {"object_guid", user.object_guid},
            {"object_sid", user.object_sid},
            {"entra_id", user.entra_id}};
}

json::object to_json(const KeyView& key) {
    json::object object;
    object["user"] = to_json(key.user);
    object["key_id"] = key.key_id.empty() ? json::value(nullptr) : json::value(key.key_id);
    object["usage"] = key.usage;
    object["source"] = key.source;
    object["device_id"] = key.device_id ? json::value(*key.device_id) : json::value(nullptr);
    object["state"] = metrics::state_labels[static_cast<std::size_t>(key.state)];
    object["registered_at"] = time_or_null(key.registered_at);
    object["written_earliest"] = time_or_null(key.written_earliest);
    object["written_at"] = time_or_null(key.written_latest);
    object["precision"] = key.precision && key.written_latest
                              ? json::value(metrics::precision_labels[static_cast<std::size_t>(*key.precision)])
                              : json::value(nullptr);
    object["delay_seconds"] = key.delay ? json::value(seconds(*key.delay)) : json::value(nullptr);
    object["missed_cycles"] = key.missed_cycles;
    object["cause"] = cause_or_null(key.cause);
    object["advice"] = key.cause ? json::value(advice(*key.cause)) : json::value(nullptr);
    object["removed_at"] = time_or_null(key.removed_at);
    json::array findings;
    for (std::uint8_t i = 0; i < ldap::key_finding_count; ++i) {
        const auto finding = static_cast<ldap::KeyFinding>(i);
        if ((key.findings & ldap::bit(finding)) != 0) {
            findings.emplace_back(ldap::to_string(finding));
        }
    }
    object["findings"] = std::move(findings);
    if (!key.shared_with.empty()) {
        json::array others;
        for (const UserName& other : key.shared_with) {
            others.push_back(to_json(other));
        }
        object["shared_with"] = std::move(others);
    }
    object["method"] = nullptr;
    if (key.method) {
        const std::string& strength = key.method->strength;
        object["method"] = json::object{{"id", key.method->id},
                                        {"strength", strength.empty() ? json::value(nullptr) : json::value(strength)},
                                        {"known_at", time_or_null(key.method->known_at)}};
    }
    return object;
}

json::object to_json(const UserView& user) {
    json::object object;
    object["user"] = to_json(user.user);
    object["protected_account"] = user.protected_account;
    object["disabled"] = user.disabled;
    json::array keys;
    for (const KeyView& key : user.keys) {
        json::object shown = to_json(key);
        shown.erase("user");
        keys.push_back(std::move(shown));
    }
    object["keys"] = std::move(keys);
    if (user.next_write) {
        object["next_write"] = json::object{{"at", entra::format_rfc3339(user.next_write->at, 0)},
                                            {"uncertainty_seconds", seconds(user.next_write->uncertainty)},
                                            {"observed", user.next_write->observed}};
    } else {
        object["next_write"] = nullptr;
    }
    object["blocked_by"] = cause_or_null(user.blocked_by);
    return object;
}

json::object to_json(const CycleView& cycle) {
    json::object object;
    object["domain"] = cycle.domain;
    object["configured_seconds"] = cycle.configured.count();
    object["observed_seconds"] = cycle.observed ? json::value(seconds(cycle.observed->period)) : json::value(nullptr);
    object["uncertainty_seconds"] =
        cycle.observed ? json::value(seconds(cycle.observed->uncertainty)) : json::value(nullptr);
    object["next"] = time_or_null(cycle.next);
    json::array bursts;
    for (const WriteBurst& burst : cycle.bursts) {
        bursts.push_back(json::object{{"first", entra::format_rfc3339(burst.first)},
                                      {"last", entra::format_rfc3339(burst.last)},
                                      {"keys", burst.keys}});
    }
    object["bursts"] = std::move(bursts);
    return object;
}

}  // namespace keysyncd::daemon
