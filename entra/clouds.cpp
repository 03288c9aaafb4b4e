#include "entra/clouds.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "entra/http_client.hpp"

namespace keysyncd::entra {
namespace {

Endpoints endpoints_of(config::Cloud cloud) {
    switch (cloud) {
        case config::Cloud::usgov:
            return {.authority = "https://login.microsoftonline.us", .graph = "https://graph.microsoft.us"};
        case config::Cloud::usgov_dod:
            return {.authority = "https://login.microsoftonline.us", .graph = "https://dod-graph.microsoft.us"};
        case config::Cloud::china:
            return {.authority = "https://login.chinacloudapi.cn",
                    .graph = "https://microsoftgraph.chinacloudapi.cn",
                    .has_methods = false};
        case config::Cloud::global:
            break;
    }
    return {.authority = "https://login.microsoftonline.com", .graph = "https://graph.microsoft.com"};
}

std::string without_slash(std::string url) {
    while (url.ends_with('/')) {
        url.pop_back();
    }
    return url;
}

std::string_view port_of(const boost::urls::url_view& url) {
    const auto port = url.port();
    return port.empty() ? std::string_view{"443"} : std::string_view{port.data(), port.size()};
}

}  // namespace

Endpoints endpoints_of(const config::EntraSettings& settings) {
    Endpoints endpoints = endpoints_of(settings.cloud);
    if (!settings.authority_url.empty()) {
        endpoints.authority = without_slash(settings.authority_url);
    }
    if (!settings.graph_url.empty()) {
        endpoints.graph = without_slash(settings.graph_url);
    }
    return endpoints;
}

bool same_origin(std::string_view url, std::string_view origin) {
    const auto a = boost::urls::parse_uri({url.data(), url.size()});
    const auto b = boost::urls::parse_uri({origin.data(), origin.size()});
    if (!a || !b || a->scheme_id() != boost::urls::scheme::https || b->scheme_id() != boost::urls::scheme::https) {
        return false;
    }
    const auto host_a = a->encoded_host();
    const auto host_b = b->encoded_host();
    return !a->has_userinfo() && equal_ignoring_case({host_a.data(), host_a.size()}, {host_b.data(), host_b.size()}) &&
           port_of(*a) == port_of(*b);
}

}  // namespace keysyncd::entra
