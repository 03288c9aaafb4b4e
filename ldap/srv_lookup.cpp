#include "ldap/srv_lookup.hpp"

#include <ares.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "ldap/dns_channel.hpp"

namespace keysyncd::ldap {
namespace {

using std::chrono::milliseconds;

struct Answer {
    bool come = false;
    int status = ARES_ENODATA;
    std::vector<SrvRecord> records;
};

void take_answer(void* argument, int status, int /*timeouts*/, unsigned char* bytes, int length) {
    auto& answer = *static_cast<Answer*>(argument);
    answer.come = true;
    answer.status = status;
    if (status != ARES_SUCCESS) {
        return;
    }
    ares_srv_reply* first = nullptr;
    answer.status = ares_parse_srv_reply(bytes, length, &first);
    for (const auto* reply = first; reply != nullptr; reply = reply->next) {
        answer.records.push_back(
            {.target = reply->host, .port = reply->port, .priority = reply->priority, .weight = reply->weight});
    }
    if (first != nullptr) {
        ares_free_data(first);
    }
}

}  // namespace

std::expected<std::vector<SrvRecord>, std::string> look_up_srv(const std::string& name, milliseconds limit,
                                                               const std::stop_token& stop) {
    constexpr int internet = 1;
    constexpr int srv = 33;
    Answer answer;  // outlives the channel, whose end answers what is still open
    DnsChannel channel(limit);
    if (channel.get() == nullptr) {
        return std::unexpected("the DNS resolver does not start; is /etc/resolv.conf sound?");
    }
    ares_query(channel.get(), name.c_str(), internet, srv, &take_answer, &answer);
    if (const auto come = channel.wait([&] { return answer.come; }, stop); !come) {
        return std::unexpected(come.error() == DnsFailure::stopped
                                   ? "asked to stop"
                                   : fmt::format("the DNS did not answer for {} in time", name));
    }
    if (answer.status != ARES_SUCCESS && answer.status != ARES_ENODATA && answer.status != ARES_ENOTFOUND) {
        return std::unexpected(fmt::format("the DNS cannot be asked for {}: {}", name, ares_strerror(answer.status)));
    }
    return std::move(answer.records);
}

std::expected<std::vector<std::string>, std::string> discover_servers(const config::DomainSettings& settings,
                                                                      milliseconds limit, const std::stop_token& stop) {
    std::mt19937 random{std::random_device{}()};
    const Draw draw = [&](std::uint32_t most) { return std::uniform_int_distribution<std::uint32_t>(0, most)(random); };
    std::vector<std::string> servers = settings.servers;
    for (const auto& name : srv_names(settings.name, settings.site)) {
        auto records = look_up_srv(name, limit, stop);
        if (!records) {
            return std::unexpected(std::move(records.error()));
        }
        for (const auto& record : in_order(std::move(*records), draw)) {
            auto url = server_url(record, settings.tls);
            if (std::ranges::find(servers, url) == servers.end()) {
                servers.push_back(std::move(url));
            }
        }
    }
    if (servers.empty()) {
        return std::unexpected(
            fmt::format("the DNS names no domain controller of {} ({}); check the domain's name and "
                        "this machine's DNS, or list servers",
                        settings.name, srv_names(settings.name, settings.site).back()));
    }
    return servers;
}

}  // namespace keysyncd::ldap
