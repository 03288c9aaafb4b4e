// A network and a clock that do what the test says: answers from a list, waits that pass at once and are written down.
#pragma once

#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "entra/clock.hpp"
#include "entra/http_client.hpp"

namespace keysyncd::entra::testing {

class FakeClock final : public Clock {
  public:
    [[nodiscard]] Instant now() const override { return epoch + std::chrono::duration_cast<Ticks>(passed); }
    [[nodiscard]] Steady steady_now() const override { return Steady{} + std::chrono::hours{1} + passed; }
    bool sleep_for(std::chrono::nanoseconds duration, const std::stop_token& stop) override {
        if (stop.stop_requested()) {
            return false;
        }
        slept.push_back(duration);
        passed += duration;
        return true;
    }

    Instant epoch = *parse_rfc3339("2026-01-09T12:00:00Z");
    std::chrono::nanoseconds passed{0};
    std::vector<std::chrono::nanoseconds> slept;
};

using Outcome = std::expected<Response, HttpError>;

inline Response json_response(int status, std::string body, std::vector<Header> more = {}) {
    Response response{.status = status, .headers = std::move(more), .body = std::move(body)};
    response.headers.push_back({"Content-Type", "application/json; charset=utf-8"});
    return response;
}

class FakeHttp final : public HttpClient {
  public:
    std::expected<Response, HttpError> send(const Request& request, const std::stop_token&) override {
        requests.push_back(request);
        if (on_send) {
            on_send();
        }
        if (answers.empty()) {
            throw std::logic_error("nobody answers " + request.url);
        }
        Outcome outcome = std::move(answers.front());
        answers.pop_front();
        return outcome;
    }

    std::deque<Outcome> answers;
    std::vector<Request> requests;
    std::function<void()> on_send;
};

inline constexpr std::string_view token_body =
    R"({"token_type":"Bearer","expires_in":3599,"access_token":"abc.def.ghi"})";

}  // namespace keysyncd::entra::testing
