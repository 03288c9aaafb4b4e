// What is told about each request to Entra ID, for the metrics. Called on the worker thread that asks.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <string_view>

namespace keysyncd::entra {

/// The closed sets of `endpoint` and `code`, for metrics that must exist from the start.
inline constexpr std::array<std::string_view, 8> graph_endpoint_labels{"token",   "audit",  "user",     "organization",
                                                                       "methods", "report", "features", "batch"};
inline constexpr std::array<std::string_view, 12> graph_code_labels{"200", "400", "401", "403", "404",   "429",
                                                                    "500", "502", "503", "504", "other", "error"};

struct GraphObserver {
    /// `code`: the HTTP status, "other" for rare ones, "error" where there was no answer.
    std::function<void(std::string_view endpoint, std::string_view code)> on_request;
    /// Waited because the service asked for it (429, 503).
    std::function<void(std::chrono::nanoseconds)> on_throttled;
    /// A record that should have been an event but could not be read: skipped, and told here.
    std::function<void(std::string_view detail)> on_malformed;
    /// Graph refused the audit log's query: it is asked for in smaller pieces from now on.
    std::function<void(std::string_view detail)> on_smaller_query = {};
};

}  // namespace keysyncd::entra
