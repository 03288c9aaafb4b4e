#include "entra/authentication_methods.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "entra/http_client.hpp"
#include "entra/json_access.hpp"

namespace keysyncd::entra {

std::string methods_path(std::string_view id_or_upn, KeyKind kind) {
    return fmt::format("/users/{}/authentication/{}", percent_encode(id_or_upn),
                       kind == KeyKind::ngc ? "windowsHelloForBusinessMethods" : "fido2Methods");
}

std::expected<std::vector<AuthenticationMethod>, std::string> read_methods(std::string_view body, KeyKind kind) {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(body, failed);
    const boost::json::object* answer = failed ? nullptr : document.if_object();
    const boost::json::array* value = answer == nullptr ? nullptr : array_member(*answer, "value");
    if (value == nullptr) {
        return std::unexpected(failed ? fmt::format("no JSON: {}", failed.message())
                                      : "no array `value` in the answer");
    }
    std::vector<AuthenticationMethod> methods;
    for (const boost::json::value& item : *value) {
        const boost::json::object* object = item.if_object();
        if (object == nullptr || string_member(*object, "id").empty()) {
            return std::unexpected("an authentication method without id");
        }
        methods.push_back({.kind = kind,
                           .id = std::string{string_member(*object, "id")},
                           .created_at = parse_rfc3339(string_member(*object, "createdDateTime")),
                           .strength = std::string{string_member(*object, "keyStrength")}});
    }
    return methods;
}

}  // namespace keysyncd::entra
