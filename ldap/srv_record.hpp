// Which DNS names tell a domain's controllers, and in which order to ask those that they name (RFC 2782;
// MS-ADTS 6.3.2.3 for the names). Pure, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "config/settings.hpp"

namespace keysyncd::ldap {

struct SrvRecord {
    std::string target;
    std::uint16_t port = 389;
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;

    auto operator<=>(const SrvRecord&) const = default;
};

/// The site's own name first, where a site is given, then the whole domain's.
[[nodiscard]] std::vector<std::string> srv_names(const std::string& domain, const std::string& site);

/// A number from 0 up to and with its argument.
using Draw = std::function<std::uint32_t(std::uint32_t)>;

/// By priority, and by weighted chance within one priority. A root target (".") means that there is no such service.
[[nodiscard]] std::vector<SrvRecord> in_order(std::vector<SrvRecord> records, const Draw& draw);

/// ldaps://TARGET, as SRV names port 389 only; ldap://TARGET:PORT for StartTLS.
[[nodiscard]] std::string server_url(const SrvRecord& record, const config::TlsSettings& tls);

}  // namespace keysyncd::ldap
