// Asks the DNS for SRV records (RFC 2782), by ldap/dns_channel.hpp. Blocking, on a worker thread.
#pragma once

#include <chrono>
#include <expected>
#include <stop_token>
#include <string>
#include <vector>

#include "ldap/srv_record.hpp"

namespace keysyncd::ldap {

/// Empty when the name has no such records. The error says what the DNS did.
[[nodiscard]] std::expected<std::vector<SrvRecord>, std::string> look_up_srv(const std::string& name,
                                                                             std::chrono::milliseconds limit,
                                                                             const std::stop_token& stop);

/// `settings.servers`, then the domain's controllers, those of `settings.site` first; none twice.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> discover_servers(
    const config::DomainSettings& settings, std::chrono::milliseconds limit, const std::stop_token& stop);

}  // namespace keysyncd::ldap
