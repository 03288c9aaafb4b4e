#include "entra/retry.hpp"

#include <algorithm>
#include <charconv>

#include "entra/http_date.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::chrono::nanoseconds longest = std::chrono::hours{24};

}  // namespace

std::optional<std::chrono::nanoseconds> parse_retry_after(std::string_view value, Instant now) noexcept {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc{} && end == value.data() + value.size() && seconds >= 0) {
        return std::min<std::chrono::nanoseconds>(std::chrono::seconds{std::min<std::int64_t>(seconds, 86400)},
                                                  longest);
    }
    const auto date = parse_http_date(value);
    if (!date) {
        return std::nullopt;
    }
    const Ticks wait = std::clamp<Ticks>(*date - now, Ticks{0}, std::chrono::hours{24});
    return std::chrono::nanoseconds{wait};
}

std::chrono::nanoseconds default_back_off(int attempt, double random) noexcept {
    const std::chrono::nanoseconds base = std::chrono::seconds{attempt >= 4 ? 30 : 2 << std::max(attempt, 0)};
    const double share = 0.5 + 0.5 * std::clamp(random, 0.0, 1.0);
    return std::chrono::nanoseconds{static_cast<std::int64_t>(static_cast<double>(base.count()) * share)};
}

bool is_throttling(int status) noexcept {
    return status == 429 || status == 503;
}

bool is_server_trouble(int status) noexcept {
    return status == 408 || status == 500 || status == 502 || status == 504 || status == 509;
}

}  // namespace keysyncd::entra
