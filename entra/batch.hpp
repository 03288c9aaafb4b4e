// Several GET requests in one POST to /$batch (learn.microsoft.com/graph/json-batching): at most 20, each answered and
// throttled by itself, in any order. Pure: bodies in both directions.
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace keysyncd::entra {

inline constexpr std::size_t largest_batch = 20;

/// `paths` below /v1.0.
[[nodiscard]] std::string batch_body(std::span<const std::string> paths);

struct BatchPart {
    int status = 0;           ///< 0: the service left it out
    std::string retry_after;  ///< the header, where there is one
    std::string body;         ///< JSON
};

/// In the order of the request's paths. The error says what was expected.
[[nodiscard]] std::expected<std::vector<BatchPart>, std::string> read_batch(std::string_view body, std::size_t count);

}  // namespace keysyncd::entra
