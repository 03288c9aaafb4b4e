#include "daemon/monitor/user_inquiry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/text/hashed_name.hpp"

namespace keysyncd::daemon {

std::vector<std::string> UserInquiry::names() {
    std::vector<std::string> names;
    const Instant now = clock_();
    at_desk_([&](LedgerDesk& desk) {
        names = desk.registrations.users_to_read(now);
        std::ranges::move(desk.methods.users_to_read(now), std::back_inserter(names));
    });
    std::ranges::sort(names);
    const auto repeated = std::ranges::unique(names);
    names.erase(repeated.begin(), repeated.end());
    postponements_.keep_only(names);
    std::erase_if(names, [&](const std::string& name) { return !postponements_.is_due(name, now); });
    return names;
}

std::expected<void, entra::GraphError> UserInquiry::ask(const std::stop_token& stop) {
    const std::vector<std::string> wanted = names();
    if (wanted.empty()) {
        return {};
    }
    const auto answers = reader_->read_users(wanted, stop);
    if (!answers) {
        return std::unexpected(answers.error());
    }
    bool answered = false;
    for (const entra::UserAnswer& answer : *answers) {
        if (!answer.error) {
            answered = true;
            failures_.answered();
            postponements_.answered(answer.asked);
            at_desk_([&](LedgerDesk& desk) { desk.registrations.record_user(answer.asked, answer.user, clock_()); });
        }
    }
    std::expected<void, entra::GraphError> outcome;
    for (const entra::UserAnswer& answer : *answers) {
        if (!answer.error) {
            continue;
        }
        if (!is_alone(answer, answered)) {
            outcome = std::unexpected(*answer.error);
            continue;
        }
        const bool first = postponements_.postpone(answer.asked, clock_());
        tell_(first ? LogLevel::warn : LogLevel::debug,
              "Graph cannot answer about a user: asked again later and later, everything else goes on",
              fmt::format("{}: {}: {}", hashed_name(answer.asked), to_string(answer.error->failure),
                          answer.error->detail));
    }
    return outcome;
}

/// Trouble of the server was waited for already, and would show in the next question too.
bool UserInquiry::is_alone(const entra::UserAnswer& failed, bool others_were_answered) {
    using entra::GraphFailure;
    switch (failed.error->failure) {
        case GraphFailure::throttled:
        case GraphFailure::unauthorized:
            return false;
        case GraphFailure::forbidden:
            return others_were_answered ||
                   failures_.failed(failed.asked, GraphFailure::forbidden) == entra::FailureOf::user;
        default:
            return true;
    }
}

}  // namespace keysyncd::daemon
