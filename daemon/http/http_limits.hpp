// What the web server puts up with: every wait has an end and every size a bound.
#pragma once

#include <chrono>
#include <cstddef>

namespace keysyncd::daemon {

struct HttpLimits {
    std::size_t header_bytes = 16 * 1024;       ///< request line and headers: 431 above
    std::size_t body_bytes = 64 * 1024;         ///< 413 above
    std::size_t connections = 512;              ///< the one that waits longest gives way to a new one
    std::chrono::milliseconds request{10'000};  ///< from a request's first byte (or the accept) to its last: slow-loris
    std::chrono::milliseconds idle{120'000};  ///< between two requests of a connection; longer than any scrape interval
    std::chrono::milliseconds handler{30'000};   ///< an answer that takes longer becomes a 503
    std::chrono::milliseconds response{30'000};  ///< sending an answer to a client that reads slowly
    std::chrono::milliseconds drain{1'500};      ///< at stop: how long answers under way may still take
};

}  // namespace keysyncd::daemon
