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

GraphSession::GraphSession(Exchange& exchange, TokenSource& tokens, Clock& clock, SessionLimits limits)
    : exchange_(exchange),
      tokens_(tokens),
      clock_(clock),
      limits_(limits),
      general_{Throttle{general_limit, general_window}},
      reports_{Throttle{limits.reports_requests, limits.reports_window}} {}

std::expected<Answer, GraphError> GraphSession::ask(const Question& question, const std::stop_token& stop) {
    Progress progress{.give_up = clock_.steady_now() + limits_.patience};
    for (;;) {
        if (auto turn = wait_for_turn(question, progress, stop); !turn) {
            return std::unexpected(std::move(turn.error()));
        }
        auto response = send_once(question, stop);
        if (!response) {
            if (worth_repeating(response.error(), progress, stop)) {
                continue;
            }
            return std::unexpected(stop.stop_requested() ? stopped() : std::move(response.error()));
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
            if (lane(question.family).silenced_until <= progress.give_up) {
                continue;
            }
        }
        if (is_server_trouble(status) && worth_repeating(error, progress, stop)) {
            continue;
        }
        return std::unexpected(stop.stop_requested() ? stopped() : std::move(error));
    }
}

std::expected<void, GraphError> GraphSession::wait_for_turn(const Question& question, const Progress& progress,
                                                            const std::stop_token& stop) {
    const Lane& in = lane(question.family);
    for (;;) {
        if (stop.stop_requested()) {
            return std::unexpected(stopped());
        }
        const Steady now = clock_.steady_now();
        const auto wait = in.throttle.wait(now);
        if (wait <= std::chrono::nanoseconds{0}) {
            return {};
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
        if (in.silenced_until > now && exchange_.observer().on_throttled) {
            exchange_.observer().on_throttled(std::min<std::chrono::nanoseconds>(in.silenced_until - now, wait));
        }
    }
}

std::expected<Response, GraphError> GraphSession::send_once(const Question& question, const std::stop_token& stop) {
    auto token = tokens_.token(stop);
    if (!token) {
        return std::unexpected(std::move(token.error()));
    }
    Request request;
    request.method = question.method;
    request.url = question.url;
    request.headers = {{"Authorization", fmt::format("Bearer {}", *token)}, {"Accept", "application/json"}};
    if (question.method == Method::post) {
        request.headers.push_back({"Content-Type", "application/json"});
        request.body = question.body;
    }
    request.deadline = limits_.request_deadline;
    request.max_body_bytes = limits_.max_body_bytes;
    auto response = exchange_.send(question.endpoint, request, stop);
    Lane& in = lane(question.family);
    const Steady now = clock_.steady_now();
    for (std::size_t i = 0; i < question.weight; ++i) {
        in.throttle.count(now);
    }
    if (!response) {
        return std::unexpected(from_http(std::move(response.error())));
    }
    if (const auto share = used_share(*response)) {
        in.throttle.slow_down(*share, now);
    }
    return std::move(*response);
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
    Lane& in = lane(family);
    in.silenced_until = clock_.steady_now() + wait;
    in.throttle.pause(in.silenced_until);
}

void GraphSession::hesitate(Family family, int attempt) {
    lane(family).throttle.pause(clock_.steady_now() + default_back_off(attempt, chance()));
}

bool GraphSession::back_off(int attempt, const Progress& progress, const std::stop_token& stop) {
    const auto wait = default_back_off(attempt, chance());
    return clock_.steady_now() + wait <= progress.give_up && clock_.sleep_for(wait, stop);
}

double GraphSession::chance() {
    return std::uniform_real_distribution<double>{0.0, 1.0}(random_);
}

}  // namespace keysyncd::entra
