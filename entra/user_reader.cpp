#include "entra/user_reader.hpp"

#include <algorithm>

#include "entra/batch.hpp"
#include "entra/retry.hpp"
#include "entra/users.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::string_view what = "the user";
constexpr int most_rounds = 5;
constexpr int most_server_rounds = 3;

/// Graph says so itself; any other 404 may be a proxy's.
bool is_unknown_user(int status, std::string_view body) {
    return status == 404 && read_complaint(body).code.ends_with("ResourceNotFound");
}

std::expected<std::optional<EntraUser>, GraphError> interpret(int status, std::string_view body) {
    if (is_unknown_user(status, body)) {
        return std::optional<EntraUser>{};
    }
    if (status != 200) {
        return std::unexpected(from_status(status, body, what));
    }
    auto user = read_user(body);
    if (!user) {
        return std::unexpected(bad_answer(what, user.error()));
    }
    return std::optional{std::move(*user)};
}

}  // namespace

UserReader::UserReader(GraphSession& session, const Endpoints& endpoints) : session_(session), endpoints_(endpoints) {}

std::expected<std::optional<EntraUser>, GraphError> UserReader::read_user(std::string_view id_or_upn,
                                                                          const std::stop_token& stop) {
    auto answer = session_.ask({"user", what, endpoints_.url(user_path(id_or_upn))}, stop);
    if (!answer) {
        return std::unexpected(std::move(answer.error()));
    }
    return interpret(answer->status, answer->body);
}

std::expected<std::vector<UserAnswer>, GraphError> UserReader::read_users(std::span<const std::string> ids_or_upns,
                                                                          const std::stop_token& stop) {
    std::vector<UserAnswer> answers;
    for (const std::string& asked : ids_or_upns) {
        answers.push_back({asked, {}, {}});
    }
    for (std::size_t first = 0; first < answers.size(); first += largest_batch) {
        const auto some = std::span{answers}.subspan(first, std::min(largest_batch, answers.size() - first));
        if (auto read = read_batch_of(some, stop); !read) {
            return std::unexpected(std::move(read.error()));
        }
    }
    return answers;
}

std::expected<void, GraphError> UserReader::read_batch_of(std::span<UserAnswer> answers, const std::stop_token& stop) {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        open.push_back(i);
    }
    for (int round = 0; !open.empty(); ++round) {
        std::vector<std::string> paths;
        for (const std::size_t i : open) {
            paths.push_back(user_path(answers[i].asked));
        }
        auto answer = session_.ask({.endpoint = "batch",
                                    .what = "the users",
                                    .url = endpoints_.url("/$batch"),
                                    .method = Method::post,
                                    .body = batch_body(paths),
                                    .weight = paths.size()},
                                   stop);
        if (!answer) {
            return std::unexpected(std::move(answer.error()));
        }
        if (answer->status != 200) {
            return std::unexpected(from_status(answer->status, answer->body, "the users"));
        }
        auto parts = read_batch(answer->body, open.size());
        if (!parts) {
            return std::unexpected(bad_answer("the users", parts.error()));
        }
        // Those inside that were throttled, left out or met passing trouble are asked for again; the longest wait among
        // them counts.
        std::vector<std::size_t> again;
        for (std::size_t i = 0; i < open.size(); ++i) {
            const BatchPart& part = (*parts)[i];
            if ((is_throttling(part.status) || part.status == 0) && round + 1 < most_rounds) {
                session_.silence(Family::general, part.retry_after, round);
                again.push_back(open[i]);
                continue;
            }
            if (is_server_trouble(part.status) && round + 1 < most_server_rounds) {
                session_.hesitate(Family::general, round);
                again.push_back(open[i]);
                continue;
            }
            auto user = interpret(part.status, part.body);
            if (user) {
                answers[open[i]].user = std::move(*user);
            } else {
                answers[open[i]].error = std::move(user.error());
            }
        }
        open = std::move(again);
    }
    return {};
}

std::expected<UserMethods, GraphError> UserReader::read_methods(std::string_view id_or_upn, KeyKind kind,
                                                                const std::stop_token& stop) {
    constexpr std::string_view methods = "authentication methods";
    if (!endpoints_.has_methods) {
        return UserMethods{MethodsKnowledge::unavailable, {}};
    }
    auto answer =
        session_.ask({"methods", methods, endpoints_.url(methods_path(id_or_upn, kind)), Family::reports}, stop);
    if (!answer) {
        return std::unexpected(std::move(answer.error()));
    }
    if (is_unknown_user(answer->status, answer->body)) {
        return UserMethods{MethodsKnowledge::user_unknown, {}};
    }
    if (answer->status != 200) {
        return std::unexpected(from_status(answer->status, answer->body, methods));
    }
    auto read = entra::read_methods(answer->body, kind);
    if (!read) {
        return std::unexpected(bad_answer(methods, read.error()));
    }
    return UserMethods{MethodsKnowledge::known, std::move(*read)};
}

}  // namespace keysyncd::entra
