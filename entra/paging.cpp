#include "entra/paging.hpp"

#include <fmt/format.h>

#include "entra/clouds.hpp"

namespace keysyncd::entra {
namespace {

/// A link without its query, which may carry search terms: enough to see where it leads.
std::string_view without_query(std::string_view url) {
    return url.substr(0, url.find('?'));
}

}  // namespace

Paging::Paging(std::string origin, std::string first_url, std::size_t most_pages)
    : origin_(std::move(origin)), url_(std::move(first_url)), most_pages_(most_pages), seen_{url_} {}

std::expected<bool, GraphError> Paging::advance(std::string_view next_link) {
    if (next_link.empty()) {
        return false;
    }
    if (!same_origin(next_link, origin_)) {
        return std::unexpected(GraphError{
            GraphFailure::refused_link,
            fmt::format("the answer's @odata.nextLink leads away from {}, to {}: not followed, as the token would go "
                        "with it (is a proxy rewriting answers, or is entra.graph_url another name of the same host?)",
                        origin_, one_line(without_query(next_link), 200))});
    }
    if (seen_.size() >= most_pages_) {
        return std::unexpected(
            GraphError{GraphFailure::refused_link, fmt::format("more than {} pages: stopped reading", most_pages_)});
    }
    if (!seen_.emplace(next_link).second) {
        return std::unexpected(
            GraphError{GraphFailure::refused_link,
                       fmt::format("the answer's @odata.nextLink leads back to a page already read, after {} pages",
                                   seen_.size())});
    }
    url_ = next_link;
    return true;
}

}  // namespace keysyncd::entra
