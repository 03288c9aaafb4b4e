// Sends requests and takes notes: counts each under its endpoint and code, and reads the service's clock off its Date
// header. One worker thread.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <stop_token>
#include <string_view>

#include "entra/clock.hpp"
#include "entra/graph_observer.hpp"
#include "entra/http_client.hpp"

namespace keysyncd::entra {

class Exchange {
  public:
    Exchange(HttpClient& http, Clock& clock, GraphObserver observer);

    /// `endpoint`: one of graph_endpoint_labels.
    [[nodiscard]] std::expected<Response, HttpError> send(std::string_view endpoint, const Request& request,
                                                          const std::stop_token& stop);

    /// The service's clock minus ours. Date has whole seconds, so it is right to half a second and the round trip.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> clock_offset() const noexcept { return clock_offset_; }
    [[nodiscard]] const GraphObserver& observer() const noexcept { return observer_; }

  private:
    HttpClient& http_;
    Clock& clock_;
    GraphObserver observer_;
    std::optional<std::chrono::nanoseconds> clock_offset_;
};

}  // namespace keysyncd::entra
