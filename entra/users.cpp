#include "entra/users.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "entra/http_client.hpp"
#include "entra/json_access.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::string_view selected =
    "id,userPrincipalName,onPremisesSyncEnabled,onPremisesSecurityIdentifier,onPremisesImmutableId,"
    "onPremisesSamAccountName,onPremisesDomainName,onPremisesDistinguishedName,onPremisesProvisioningErrors";

}  // namespace

std::string user_path(std::string_view id_or_upn) {
    // A name that starts with $ would be taken for a system segment (learn.microsoft.com/graph/api/user-get).
    if (id_or_upn.starts_with('$')) {
        std::string quoted;
        for (const char c : id_or_upn) {
            quoted += c;
            if (c == '\'') {
                quoted += c;
            }
        }
        return fmt::format("/users('{}')?$select={}", percent_encode(quoted), selected);
    }
    return fmt::format("/users/{}?$select={}", percent_encode(id_or_upn), selected);
}

std::expected<EntraUser, std::string> read_user(const boost::json::object& entity) {
    EntraUser user;
    user.id = string_member(entity, "id");
    if (user.id.empty()) {
        return std::unexpected("a user without id");
    }
    user.user_principal_name = string_member(entity, "userPrincipalName");
    user.on_premises_sync_enabled = bool_member(entity, "onPremisesSyncEnabled");
    user.on_premises_security_identifier = string_member(entity, "onPremisesSecurityIdentifier");
    user.on_premises_immutable_id = string_member(entity, "onPremisesImmutableId");
    user.on_premises_sam_account_name = string_member(entity, "onPremisesSamAccountName");
    user.on_premises_domain_name = string_member(entity, "onPremisesDomainName");
    user.on_premises_distinguished_name = string_member(entity, "onPremisesDistinguishedName");
    const boost::json::array* errors = array_member(entity, "onPremisesProvisioningErrors");
    user.has_provisioning_errors = errors != nullptr && !errors->empty();
    return user;
}

std::expected<EntraUser, std::string> read_user(std::string_view body) {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(body, failed);
    const boost::json::object* entity = failed ? nullptr : document.if_object();
    if (entity == nullptr) {
        return std::unexpected(failed ? fmt::format("no JSON: {}", failed.message()) : "no JSON object");
    }
    return read_user(*entity);
}

}  // namespace keysyncd::entra
