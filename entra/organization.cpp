#include "entra/organization.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "entra/json_access.hpp"

namespace keysyncd::entra {

namespace {

/// The first entity of an answer's `value`, handed to `read`.
template <typename Read>
auto with_first(std::string_view body, Read read) -> std::expected<decltype(read(boost::json::object{})), std::string> {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(body, failed);
    const boost::json::object* answer = failed ? nullptr : document.if_object();
    if (answer == nullptr) {
        return std::unexpected(failed ? fmt::format("no JSON: {}", failed.message()) : "no JSON object");
    }
    const boost::json::array* value = array_member(*answer, "value");
    const boost::json::object* entity = value == nullptr || value->empty() ? nullptr : value->front().if_object();
    if (entity == nullptr) {
        return std::unexpected("no entity in `value`");
    }
    return read(*entity);
}

}  // namespace

std::expected<OrganizationSync, std::string> read_organization(std::string_view body) {
    return with_first(body, [](const boost::json::object& entity) {
        return OrganizationSync{
            .sync_enabled = bool_member(entity, "onPremisesSyncEnabled"),
            .last_sync = parse_rfc3339(string_member(entity, "onPremisesLastSyncDateTime")),
            .last_password_sync = parse_rfc3339(string_member(entity, "onPremisesLastPasswordSyncDateTime"))};
    });
}

std::expected<SyncFeatures, std::string> read_sync_features(std::string_view body) {
    return with_first(body, [](const boost::json::object& entity) {
        SyncFeatures known;
        if (const boost::json::object* features = object_member(entity, "features")) {
            known.password_sync = bool_member(*features, "passwordSyncEnabled");
            known.device_writeback = bool_member(*features, "deviceWritebackEnabled");
            known.user_writeback = bool_member(*features, "userWritebackEnabled");
        }
        return known;
    });
}

}  // namespace keysyncd::entra
