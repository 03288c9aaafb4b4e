#include "ldap/srv_record.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "ldap/server_endpoint.hpp"

namespace keysyncd::ldap {

std::vector<std::string> srv_names(const std::string& domain, const std::string& site) {
    std::vector<std::string> names;
    if (!site.empty()) {
        names.push_back("_ldap._tcp." + site + "._sites.dc._msdcs." + domain);
    }
    names.push_back("_ldap._tcp.dc._msdcs." + domain);
    return names;
}

std::vector<SrvRecord> in_order(std::vector<SrvRecord> records, const Draw& draw) {
    std::erase_if(records, [](const SrvRecord& record) { return record.target.empty() || record.target == "."; });
    // Within a priority those without weight stand first, so that the draw reaches them too (RFC 2782).
    std::ranges::sort(records, {}, [](const SrvRecord& record) { return std::pair(record.priority, record.weight); });
    std::vector<SrvRecord> ordered;
    while (!records.empty()) {
        const auto same = std::ranges::find_if(
            records, [&](const SrvRecord& record) { return record.priority != records.front().priority; });
        const auto total =
            std::accumulate(records.begin(), same, std::uint32_t{0},
                            [](std::uint32_t sum, const SrvRecord& record) { return sum + record.weight; });
        const std::uint32_t drawn = draw(total);
        auto chosen = records.begin();
        std::uint32_t running = chosen->weight;
        while (running < drawn && std::next(chosen) != same) {
            ++chosen;
            running += chosen->weight;
        }
        ordered.push_back(std::move(*chosen));
        records.erase(chosen);
    }
    return ordered;
}

std::string server_url(const SrvRecord& record, const config::TlsSettings& tls) {
    if (tls.start_tls) {
        return ServerEndpoint{.ldaps = false, .host = record.target, .port = record.port}.url();
    }
    return "ldaps://" + record.target;
}

}  // namespace keysyncd::ldap
