#include "entra/registration_report.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "entra/http_client.hpp"
#include "entra/json_access.hpp"

namespace keysyncd::entra {
namespace {

std::optional<RegistrationDetails> read_row(const boost::json::object& row) {
    const auto updated = parse_rfc3339(string_member(row, "lastUpdatedDateTime"));
    RegistrationDetails details{.user_id = std::string{string_member(row, "id")},
                                .user_principal_name = std::string{string_member(row, "userPrincipalName")},
                                .last_updated = updated.value_or(Instant{})};
    if (details.user_id.empty() || !updated) {
        return std::nullopt;
    }
    const boost::json::array* methods = array_member(row, "methodsRegistered");
    for (std::size_t i = 0; methods != nullptr && i < methods->size(); ++i) {
        const boost::json::string* name = (*methods)[i].if_string();
        const std::string_view text =
            name == nullptr ? std::string_view{} : std::string_view{name->data(), name->size()};
        details.has_ngc |= equal_ignoring_case(text, "windowsHelloForBusiness");
        // The report has had several names for keys that end up in msDS-KeyCredentialLink.
        details.has_fido |= equal_ignoring_case(text, "fido2SecurityKey") || equal_ignoring_case(text, "fido2") ||
                            equal_ignoring_case(text, "passKeyDeviceBound");
    }
    return details;
}

}  // namespace

std::expected<RegistrationReportPage, std::string> read_registration_report(std::string_view body) {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(body, failed);
    const boost::json::object* answer = failed ? nullptr : document.if_object();
    const boost::json::array* value = answer == nullptr ? nullptr : array_member(*answer, "value");
    if (value == nullptr) {
        return std::unexpected(failed ? fmt::format("no JSON: {}", failed.message())
                                      : "no array `value` in the answer");
    }
    RegistrationReportPage page;
    page.next_link = string_member(*answer, "@odata.nextLink");
    for (const boost::json::value& item : *value) {
        const boost::json::object* object = item.if_object();
        auto row = object == nullptr ? std::nullopt : read_row(*object);
        if (row) {
            page.rows.push_back(std::move(*row));
        } else {
            ++page.malformed;
        }
    }
    return page;
}

}  // namespace keysyncd::entra
