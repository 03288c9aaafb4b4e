#include "entra/organization.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "entra/json_access.hpp"

namespace keysyncd::entra {

std::expected<OrganizationSync, std::string> read_organization(std::string_view body) {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(body, failed);
    const boost::json::object* answer = failed ? nullptr : document.if_object();
    if (answer == nullptr) {
        return std::unexpected(failed ? fmt::format("no JSON: {}", failed.message()) : "no JSON object");
    }
    const boost::json::array* value = array_member(*answer, "value");
    const boost::json::object* entity = value == nullptr || value->empty() ? nullptr : value->front().if_object();
    if (entity == nullptr) {
        return std::unexpected("no organization in `value`");
    }
    OrganizationSync sync;
    sync.sync_enabled = bool_member(*entity, "onPremisesSyncEnabled");
    sync.last_sync = parse_rfc3339(string_member(*entity, "onPremisesLastSyncDateTime"));
    sync.last_password_sync = parse_rfc3339(string_member(*entity, "onPremisesLastPasswordSyncDateTime"));
    return sync;
}

}  // namespace keysyncd::entra
