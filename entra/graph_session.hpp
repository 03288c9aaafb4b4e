// One question to Graph, asked until it is answered or there is no point: token, our own throttle, the service's
// throttling, renewal of a refused token, repetition after passing trouble. Everything within one patience. Stops early
// on the stop token. One worker thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <random>
#include <stop_token>
#include <string>
#include <string_view>

#include "entra/clock.hpp"
#include "entra/exchange.hpp"
#include "entra/graph_error.hpp"
#include "entra/request_lane.hpp"
#include "entra/throttle.hpp"
#include "entra/token_source.hpp"

namespace keysyncd::entra {

/// Limits differ: audit log, registration report and authentication methods share a small one.
enum class Family : std::uint8_t { general, reports };

struct Question {
    std::string_view endpoint;  ///< one of graph_endpoint_labels
    std::string_view what;      ///< in words, for errors
    std::string url;
    Family family = Family::general;
    Method method = Method::get;
    std::string body{};      ///< JSON, with Method::post
    std::size_t weight = 1;  ///< requests that it counts as
};

/// 200, 400 and 404, which mean different things to different askers. Everything else is an error.
struct Answer {
    int status = 0;
    std::string body;
};

struct SessionLimits {
    std::chrono::milliseconds request_deadline{60'000};
    std::chrono::milliseconds patience{150'000};  ///< for one question, waits included
    std::size_t max_body_bytes = 32U << 20U;
    std::size_t reports_requests = 5;
    /// In which so many requests of the reports family may be made: 50 ms more than documented, for clocks that tick
    /// apart.
    std::chrono::milliseconds reports_window{10'050};
    int transport_attempts = 3;
    int server_attempts = 3;
};

class GraphSession {
  public:
    /// `reports`: what the application asked of the reports family, by this session and by others.
    GraphSession(Exchange& exchange, TokenSource& tokens, Clock& clock, SessionLimits limits,
                 std::shared_ptr<RequestLane> reports);

    [[nodiscard]] std::expected<Answer, GraphError> ask(const Question& question, const std::stop_token& stop);

    /// The service asked for silence: by a 429 of its own, or by one inside a batch. Later questions of the family
    /// wait. `retry_after` as in the header, "" where it is missing; `attempt` counts from 0.
    void silence(Family family, std::string_view retry_after, int attempt);
    /// Passing trouble inside a batch: later questions of the family wait a little, as after that of a whole request.
    void hesitate(Family family, int attempt);

  private:
    /// What the service asked of a family of requests, and what we ask of ourselves.
    struct Lane {
        Throttle throttle;
        std::shared_ptr<RequestLane> requests;
    };
    struct Progress {
        Steady give_up;
        int transport_failures = 0;
        int server_failures = 0;
        int throttlings = 0;
        bool token_renewed = false;
    };
    [[nodiscard]] const Lane& lane(Family family) const noexcept {
        return family == Family::reports ? reports_ : general_;
    }
    /// The latest time at which the request, which is counted from now on, is over.
    [[nodiscard]] std::expected<Steady, GraphError> wait_for_turn(const Question& question, const Progress& progress,
                                                                  const std::stop_token& stop);
    [[nodiscard]] std::expected<Response, GraphError> send_once(const Question& question, std::string_view token,
                                                                Steady over_by, const std::stop_token& stop);
    [[nodiscard]] Steady silenced_until(Family family);
    [[nodiscard]] bool worth_repeating(const GraphError& error, Progress& progress, const std::stop_token& stop);
    [[nodiscard]] bool back_off(int attempt, const Progress& progress, const std::stop_token& stop);
    [[nodiscard]] double chance();

    Exchange& exchange_;
    TokenSource& tokens_;
    Clock& clock_;
    SessionLimits limits_;
    Lane general_;
    Lane reports_;
    std::minstd_rand random_{std::random_device{}()};
};

}  // namespace keysyncd::entra
