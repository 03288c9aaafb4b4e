// Tells the domain controller who we are: simple bind, over TLS only; GSSAPI with a keytab, with the channel binding of
// the TLS session, or signed and sealed without TLS; EXTERNAL with the client certificate of the TLS session.
// Blocking, on the connection's worker thread, under the caller's Watch.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <stop_token>
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

struct BindRequest {
    const config::BindSettings& settings;
    const std::string& host;  ///< names the service's ticket
    bool over_tls = false;
    std::chrono::milliseconds limit;
    const std::stop_token& stop;
};

/// When the credentials run out, and the server ends the connection with them; std::nullopt: never.
using BindExpiry = std::optional<std::chrono::sys_seconds>;

[[nodiscard]] std::expected<BindExpiry, BindFailure> bind(struct ldap* handle, const BindRequest& request);

/// Active Directory hides why a bind failed behind "data 52e" in the text of invalidCredentials. Pure.
[[nodiscard]] std::string explain_invalid_credentials(std::string_view diagnostic);

}  // namespace keysyncd::ldap
