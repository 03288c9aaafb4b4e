#include "entra/token_source.hpp"

#include <algorithm>

namespace keysyncd::entra {

TokenSource::TokenSource(std::unique_ptr<TokenFlow> flow, Clock& clock) : flow_(std::move(flow)), clock_(clock) {}

std::expected<std::string_view, GraphError> TokenSource::token(const std::stop_token& stop) {
    const Steady now = clock_.steady_now();
    if (held_ && now < held_->renew_at) {
        return held_->token.value.expose();
    }
    auto fresh = flow_->request_token(stop);
    if (fresh) {
        // Early by five minutes, or by a quarter of a short life: a request on its way must not outlive its token.
        const std::chrono::seconds life = fresh->lifetime;
        held_.emplace(Held{.token = std::move(*fresh),
                           .renew_at = now + life - std::min<std::chrono::seconds>(std::chrono::minutes{5}, life / 4),
                           .ends_at = now + life - std::min<std::chrono::seconds>(std::chrono::seconds{30}, life / 8)});
        return held_->token.value.expose();
    }
    if (held_ && now < held_->ends_at && fresh.error().failure != GraphFailure::stopped) {
        return held_->token.value.expose();
    }
    held_.reset();
    return std::unexpected(std::move(fresh.error()));
}

}  // namespace keysyncd::entra
