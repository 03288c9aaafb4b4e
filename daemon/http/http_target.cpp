#include "daemon/http/http_target.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace keysyncd::daemon {

std::optional<HttpTarget> parse_http_target(std::string_view text) {
    const auto parsed =
        text.starts_with('/') ? boost::urls::parse_origin_form(text) : boost::urls::parse_absolute_uri(text);
    if (!parsed || parsed->has_fragment()) {
        return std::nullopt;
    }
    if (!text.starts_with('/') && parsed->scheme() != "http" && parsed->scheme() != "https") {
        return std::nullopt;
    }
    HttpTarget target;
    target.path = parsed->path();
    if (target.path.empty()) {
        target.path = "/";
    }
    boost::urls::encoding_opts form;
    form.space_as_plus = true;
    for (const auto& parameter : parsed->params(form)) {
        target.query.emplace_back(parameter.key, parameter.value);
    }
    return target;
}

}  // namespace keysyncd::daemon
