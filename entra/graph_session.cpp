#include "entra/graph_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "entra/retry.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::chrono::seconds general_window{10};
constexpr std::size_t general_limit = 500;  // far under the 3,500 units that the smallest tenants have

GraphError stopped() {
    return {GraphFailure::stopped, "stopped"};
}

/// Answers of Graph are JSON. A sign-in page of a network or a proxy's error page is not.
std::expected<void, GraphError> expect_json(const Response& response, std::string_view what) {
    const std::string_view type = response.header("Content-Type");
    if (type.contains("json")) {
        return {};
    }
    return std::unexpected(GraphError{
        GraphFailure::bad_answer,
        fmt::format("{}: expected application/json, got '{}' (is a proxy or a sign-in page answering for Graph?)", what,
                    one_line(type, 80))});
}

std::optional<double> used_share(const Response& response) {
    const std::string_view text = response.header("x-ms-throttle-limit-percentage");
    double share = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
    return error == std::errc{} && end != text.data() ? std::optional{share} : std::nullopt;
}

}  // namespace

GraphSession::GraphSession(Exchange& exchange, TokenSource& tokens, Clock& clock, SessionLimits limits,
                           std::shared_ptr<RequestLane> reports)
    : exchange_(exchange),
      tokens_(tokens),
      clock_(clock),
      limits_(limits),
      general_{Throttle{general_limit, general_window}, std::make_shared<RequestLane>()},
      reports_{Throttle{limits.reports_requests, limits.reports_window}, std::move(reports)} {}

std::expected<Answer, GraphError> GraphSession::ask(const Question& question, const std::stop_token& stop) {
    Progress progress{.give_up = clock_.steady_now() + limits_.patience};
    for (;;) {
        const auto is_over = [&](const GraphError& error) { return !worth_repeating(error, progress, stop); };
        const auto last_word = [&](GraphError&& error) {
            return std::unexpected(stop.stop_requested() ? stopped() : std::move(error));
        };
        // The token before the turn: a request counts from its turn on, and fetching a token is no part of it.
        auto token = tokens_.token(stop);
        if (!token) {
            if (is_over(token.error())) {
                return last_word(std::move(token.error()));
            }
            continue;
        }
        const auto over_by = wait_for_turn(question, progress, stop);
        if (!over_by) {
            return std::unexpected(over_by.error());
        }
        auto response = send_once(question, *token, *over_by, stop);
        if (!response) {
            if (is_over(response.error())) {
                return last_word(std::move(response.error()));
            }
            continue;
        }
        const int status = response->status;
        if (status == 200) {
            if (auto json = expect_json(*response, question.what); !json) {
                return std::unexpected(std::move(json.error()));
            }
        }
        if (status == 200 || status == 400 || status == 404) {
            return Answer{status, std::move(response->body)};
        }
        GraphError error = from_status(status, response->body, question.what);
        if (status == 401 && !progress.token_renewed) {
            progress.token_renewed = true;
            tokens_.reject();
            continue;
        }
        if (is_throttling(status)) {
            silence(question.family, response->header("Retry-After"), progress.throttlings++);
            if (silenced_until(question.family) <= progress.give_up) {
                continue;
            }
        }
        if (is_server_trouble(status) && !is_over(error)) {
            continue;
        }
        return last_word(std::move(error));
    }
}

std::expected<Steady, GraphError> GraphSession::wait_for_turn(const Question& question, const Progress& progress,
                                                              const std::stop_token& stop) {
    const Lane& in = lane(question.family);
    for (;;) {
        if (stop.stop_requested()) {
            return std::unexpected(stopped());
        }
        const Steady now = clock_.steady_now();
        const Steady over_by = now + limits_.request_deadline;
        std::chrono::nanoseconds wait{0};
        std::chrono::nanoseconds silence{0};
        in.requests->use(now, [&](RequestHistory& history) {
            wait = in.throttle.wait(history, now);
            if (wait > std::chrono::nanoseconds{0}) {
                silence = history.silenced_until > now ? history.silenced_until - now : silence;
                return;
            }
            for (std::size_t i = 0; i < question.weight; ++i) {
                in.throttle.begin(history, now, over_by);
            }
        });
        if (wait <= std::chrono::nanoseconds{0}) {
            return over_by;
        }
        if (now + wait > progress.give_up) {
            return std::unexpected(GraphError{
                GraphFailure::throttled, fmt::format("{}: Graph asks to wait {} s more", question.what,
                                                     std::chrono::duration_cast<std::chrono::seconds>(wait).count())});
        }
        if (!clock_.sleep_for(wait, stop)) {
            return std::unexpected(stopped());
        }
        // Only what the service asked for counts as throttled, not our own restraint.
        if (silence > std::chrono::nanoseconds{0} && exchange_.observer().on_throttled) {
            exchange_.observer().on_throttled(std::min(silence, wait));
        }
    }
}

std::expected<Response, GraphError> GraphSession::send_once(const Question& question, std::string_view token,
                                                            Steady over_by, const std::stop_token& stop) {
    Request request;
    request.method = question.method;
    request.url = question.url;
    request.headers = {{"Authorization", fmt::format("Bearer {}", token)}, {"Accept", "application/json"}};
    if (question.method == Method::post) {
        request.headers.push_back({"Content-Type", "application/json"});
        request.body = question.body;
    }
    request.deadline = limits_.request_deadline;
    request.max_body_bytes = limits_.max_body_bytes;
    auto response = exchange_.send(question.endpoint, request, stop);
    const Lane& in = lane(question.family);
    const Steady now = clock_.steady_now();
    in.requests->use(now, [&](RequestHistory& history) {
        for (std::size_t i = 0; i < question.weight; ++i) {
            Throttle::settle(history, over_by, now);
        }
        if (const auto share = response ? used_share(*response) : std::nullopt) {
            in.throttle.slow_down(history, *share, now);
        }
    });
    if (!response) {
        return std::unexpected(from_http(std::move(response.error())));
    }
    return std::move(*response);
}

Steady GraphSession::silenced_until(Family family) {
    Steady until = Steady::min();
    lane(family).requests->use(clock_.steady_now(), [&](RequestHistory& history) { until = history.silenced_until; });
    return until;
}

bool GraphSession::worth_repeating(const GraphError& error, Progress& progress, const std::stop_token& stop) {
    const auto once_more = [&](int& failures, int attempts) {
        ++failures;
        return failures < attempts && back_off(failures - 1, progress, stop);
    };
    switch (error.failure) {
        case GraphFailure::resolve:
        case GraphFailure::connect:
        case GraphFailure::timeout:
            return once_more(progress.transport_failures, limits_.transport_attempts);
        case GraphFailure::server:
        case GraphFailure::throttled:
            return once_more(progress.server_failures, limits_.server_attempts);
        default:
            return false;
    }
}

void GraphSession::silence(Family family, std::string_view retry_after, int attempt) {
    const auto asked = parse_retry_after(retry_after, clock_.now());
    // Up to a second more than asked for, so that several readers of one tenant do not come back together.
    const std::chrono::nanoseconds jitter{static_cast<std::int64_t>(chance() * 1e9)};
    const auto wait = asked ? *asked + jitter : default_back_off(attempt, chance());
    const Steady now = clock_.steady_now();
    lane(family).requests->use(now, [&](RequestHistory& history) { Throttle::silence(history, now + wait); });
}

void GraphSession::hesitate(Family family, int attempt) {
    const Steady now = clock_.steady_now();
    const Steady until = now + default_back_off(attempt, chance());
    lane(family).requests->use(now, [&](RequestHistory& history) { Throttle::pause(history, until); });
}

bool GraphSession::back_off(int attempt, const Progress& progress, const std::stop_token& stop) {
    const auto wait = default_back_off(attempt, chance());
    return clock_.steady_now() + wait <= progress.give_up && clock_.sleep_for(wait, stop);
}

double GraphSession::chance() {
    return std::uniform_real_distribution<double>{0.0, 1.0}(random_);
}

}  // namespace keysyncd::entra
