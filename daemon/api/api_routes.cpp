#include "daemon/api/api_routes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "daemon/api/api_json.hpp"
#include "daemon/process/bounded_worker.hpp"
#include "daemon/process/log.hpp"

namespace keysyncd::daemon {
namespace {

constexpr std::string_view users_path = "/api/v1/users/";
constexpr std::size_t most_keys = 1000;
constexpr std::size_t most_waiting = 32;

HttpResponse json_answer(unsigned status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.content_type = "application/json";
    response.body = std::move(body);
    response.body += '\n';
    return response;
}

HttpResponse failure(unsigned status, std::string_view message) {
    return json_answer(status, error_json(message));
}

/// Answers questions one by one on its thread.
class ApiDesk {
  public:
    explicit ApiDesk(ApiSource given) : source(std::move(given)) {}

    template <typename Question>
    void ask(Question question, const HttpReply& reply) {
        const bool taken = worker.enqueue([this, question = std::move(question), reply](bool stopping) {
            if (stopping) {
                reply(failure(503, "the server stops"));
                return;
            }
            try {
                reply(question(source));
            } catch (const std::exception& error) {
                log(LogLevel::error, "the API could not answer", {{"error", error.what()}});
                reply(failure(500, "the ledger could not be read; the log tells more"));
            }
        });
        if (!taken) {
            HttpResponse busy = failure(503, "too many questions at once; try again later");
            busy.headers.emplace_back("Retry-After", "1");
            reply(std::move(busy));
        }
    }

    ApiSource source;
    BoundedWorker worker{most_waiting};
};

NameForm names_of(const ApiSource& source) {
    return source.hashes_names() ? NameForm::hashed : NameForm::full;
}

std::expected<void, std::string> set_parameter(KeyFilter& filter, const std::string& name, const std::string& value) {
    if (name == "state") {
        const auto found = std::ranges::find(metrics::state_labels, value);
        if (found == metrics::state_labels.end()) {
            return std::unexpected(fmt::format("state is one of {}", fmt::join(metrics::state_labels, ", ")));
        }
        filter.state = static_cast<metrics::State>(found - metrics::state_labels.begin());
    } else if (name == "limit") {
        const auto parsed = std::from_chars(value.data(), value.data() + value.size(), filter.limit);
        if (parsed.ec != std::errc{} || parsed.ptr != value.data() + value.size() || filter.limit < 1 ||
            filter.limit > most_keys) {
            return std::unexpected(fmt::format("limit is a number from 1 to {}", most_keys));
        }
    } else if (name == "domain") {
        filter.domain = value;
    } else if (name == "cursor") {
        filter.cursor = value;
    } else {
        return std::unexpected("the parameters are state, domain, limit and cursor; there is no other");
    }
    return {};
}

void answer_keys(ApiDesk& desk, const HttpRequest& request, const HttpReply& reply) {
    auto filter = parse_key_filter(request);
    if (!filter) {
        reply(failure(400, filter.error()));
        return;
    }
    desk.ask(
        [filter = std::move(*filter)](const ApiSource& source) {
            const auto page = source.keys(filter);
            return page ? json_answer(200, to_json_text(*page, names_of(source)))
                        : failure(400, "cursor: not one that an earlier answer gave as next_cursor");
        },
        reply);
}

void answer_user(ApiDesk& desk, const HttpRequest& request, const HttpReply& reply) {
    std::string name = request.path.substr(users_path.size());
    if (name.empty()) {
        reply(failure(404, "name a user: UPN, sAMAccountName, DN, objectGUID, SID or Entra object id"));
        return;
    }
    desk.ask(
        [name = std::move(name)](const ApiSource& source) {
            const auto users = source.users(name);
            return users.empty()
                       ? failure(404, "no user of that name has a key in Active Directory or on its way there")
                       : json_answer(200, to_json_text(users, names_of(source)));
        },
        reply);
}

}  // namespace

std::expected<KeyFilter, std::string> parse_key_filter(const HttpRequest& request) {
    KeyFilter filter;
    for (const auto& [name, value] : request.query) {
        if (auto set = set_parameter(filter, name, value); !set) {
            return std::unexpected(std::move(set.error()));
        }
    }
    return filter;
}

void add_api_routes(HttpRouter& router, ApiSource source, bool users_closed) {
    const auto desk = std::make_shared<ApiDesk>(std::move(source));
    if (users_closed) {
        const auto closed = [](const HttpRequest&) {
            return failure(403, "closed by --web.disable-users: this server shows no users");
        };
        router.get("/api/v1/keys", closed);
        router.get(std::string(users_path), closed);
    } else {
        router.get_async("/api/v1/keys", [desk](const HttpRequest& request, const HttpReply& reply) {
            answer_keys(*desk, request, reply);
        });
        router.get_async(std::string(users_path), [desk](const HttpRequest& request, const HttpReply& reply) {
            answer_user(*desk, request, reply);
        });
    }
    router.get_async("/api/v1/cycles", [desk](const HttpRequest&, const HttpReply& reply) {
        desk->ask([](const ApiSource& answers) { return json_answer(200, to_json_text(answers.cycles())); }, reply);
    });
}

}  // namespace keysyncd::daemon
