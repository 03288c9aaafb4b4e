// userRegistrationDetails (Graph v1.0 reports): who has which kinds of methods, and when that last changed. For tenants
// without the audit log. Pure: it names no key and no time of registration, which the methods themselves tell.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "entra/graph_time.hpp"

namespace keysyncd::entra {

inline constexpr std::string_view registration_report_path =
    "/reports/authenticationMethods/userRegistrationDetails?$top=999";

struct RegistrationDetails {
    std::string user_id;
    std::string user_principal_name;
    Instant last_updated;
    bool has_ngc = false;
    bool has_fido = false;
};

struct RegistrationReportPage {
    std::vector<RegistrationDetails> rows;
    std::size_t malformed = 0;
    std::string next_link;
};

[[nodiscard]] std::expected<RegistrationReportPage, std::string> read_registration_report(std::string_view body);

}  // namespace keysyncd::entra
