// Follows @odata.nextLink without trusting it: only to the same https origin, never twice to the same page, never
// without end. Pure.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <unordered_set>

#include "entra/graph_error.hpp"

namespace keysyncd::entra {

class Paging {
  public:
    Paging(std::string origin, std::string first_url, std::size_t most_pages = 20'000);

    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    [[nodiscard]] std::size_t pages() const noexcept { return seen_.size(); }

    /// After a page was read: goes on to `next_link`, verbatim. False when it is empty: that was the last page.
    [[nodiscard]] std::expected<bool, GraphError> advance(std::string_view next_link);

  private:
    std::string origin_;
    std::string url_;
    std::size_t most_pages_;
    std::unordered_set<std::string> seen_;
};

}  // namespace keysyncd::entra
