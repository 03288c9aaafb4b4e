// Where Entra ID and Microsoft Graph live: the national clouds (learn.microsoft.com/graph/deployments) and private
// endpoints. Pure. What a cloud lacks is told here, so that it is left out instead of failing at each poll.
#pragma once

#include <string>
#include <string_view>

#include "config/settings.hpp"

namespace keysyncd::entra {

struct Endpoints {
    std::string authority;    ///< "https://login.microsoftonline.com", no slash at the end
    std::string graph;        ///< "https://graph.microsoft.com"
    bool has_methods = true;  ///< windowsHelloForBusinessMethods and fido2Methods

    /// The scope follows the Graph host, in private endpoints too.
    [[nodiscard]] std::string scope() const { return graph + "/.default"; }
    [[nodiscard]] std::string resource() const { return graph + "/"; }
    /// `path` starts with a slash.
    [[nodiscard]] std::string url(std::string_view path) const { return graph + "/v1.0" + std::string{path}; }
};

[[nodiscard]] Endpoints endpoints_of(const config::EntraSettings& settings);

/// True when `url` is https, names no user and has the scheme, host and port of `origin`.
[[nodiscard]] bool same_origin(std::string_view url, std::string_view origin);

}  // namespace keysyncd::entra
