#include "daemon/rules/registration_twin.hpp"

namespace keysyncd::daemon {

std::optional<std::size_t> find_twin(const ToldRegistration& news, std::span<const ToldRegistration> known) noexcept {
    std::optional<std::size_t> best;
    Ticks best_distance = match_tolerance;
    for (std::size_t i = 0; i < known.size(); ++i) {
        // Two events of one source are two registrations, however near.
        if (known[i].by_report == news.by_report) {
            continue;
        }
        if (!news.method_id.empty() && !known[i].method_id.empty()) {
            if (news.method_id == known[i].method_id) {
                return i;
            }
            continue;
        }
        const Ticks distance = std::chrono::abs(known[i].registered_at - news.registered_at);
        if (distance <= best_distance && (!best || distance < best_distance)) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace keysyncd::daemon
