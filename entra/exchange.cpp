#include "entra/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "entra/http_date.hpp"

namespace keysyncd::entra {
namespace {

void report(const GraphObserver& observer, std::string_view endpoint, std::string_view code) {
    if (observer.on_request) {
        observer.on_request(endpoint, code);
    }
}

}  // namespace

Exchange::Exchange(HttpClient& http, Clock& clock, GraphObserver observer)
    : http_(http), clock_(clock), observer_(std::move(observer)) {}

std::expected<Response, HttpError> Exchange::send(std::string_view endpoint, const Request& request,
                                                  const std::stop_token& stop) {
    const Instant before = clock_.now();
    auto response = http_.send(request, stop);
    if (!response) {
        report(observer_, endpoint, "error");
        return response;
    }
    const std::string code = fmt::to_string(response->status);
    report(observer_, endpoint,
           std::ranges::find(graph_code_labels, code) != graph_code_labels.end() ? std::string_view{code} : "other");
    if (request.route == Route::https) {
        if (const auto date = parse_http_date(response->header("Date"))) {
            const Instant middle = before + (clock_.now() - before) / 2;
            clock_offset_ = (*date + std::chrono::milliseconds{500}) - middle;
        }
    }
    return response;
}

}  // namespace keysyncd::entra
