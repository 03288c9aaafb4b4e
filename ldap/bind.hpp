// Tells the domain controller who we are: simple bind, over TLS only.
// Blocking, on the connection's worker thread, under the caller's Watch.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "config/settings.hpp"

struct ldap;

namespace keysyncd::ldap {

/// The LDAP result code and what to tell the operator.
struct BindFailure {
    int code = 0;
    std::string detail;
};

[[nodiscard]] std::expected<void, BindFailure> bind(struct ldap* handle, const config::BindSettings& settings,
                                                    bool over_tls);

/// Active Directory hides why a bind failed behind "data 52e" in the text of invalidCredentials. Pure.
[[nodiscard]] std::string explain_invalid_credentials(std::string_view diagnostic);

}  // namespace keysyncd::ldap
