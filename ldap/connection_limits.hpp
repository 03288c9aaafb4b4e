// How long each step with a domain controller may take, and how much is asked at once. The defaults suit a loaded one
// behind a slow link; tests have less patience.
#pragma once

#include <chrono>

namespace keysyncd::ldap {

struct ConnectionLimits {
    std::chrono::milliseconds connect{10'000};  ///< resolving and connecting
    std::chrono::milliseconds handshake{10'000};
    std::chrono::milliseconds bind{15'000};
    std::chrono::milliseconds root_dse{8'000};  ///< answered from memory: short, as it is what finds out a hung server
    std::chrono::milliseconds answer{30'000};   ///< any other small search
    std::chrono::milliseconds page{120'000};    ///< a page of users; MaxQueryDuration is 120 s as well
    int page_size = 1000;                       ///< MaxPageSize of every domain controller

    /// The same patience for every step.
    [[nodiscard]] static constexpr ConnectionLimits all(std::chrono::milliseconds limit) {
        ConnectionLimits limits;
        limits.connect = limits.handshake = limits.bind = limits.root_dse = limits.answer = limits.page = limit;
        return limits;
    }
};

}  // namespace keysyncd::ldap
