#include "daemon/monitor/registration_feed.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "entra/registration_survey.hpp"

namespace keysyncd::daemon {
namespace {

constexpr std::chrono::hours survey_interval{1};
constexpr std::size_t users_a_survey = 50;
constexpr std::string_view survey_position = "registration_survey";

// What a tenant's synchronisation is set up to do changes once in years.
constexpr std::chrono::hours features_interval{1};

bool is_due(const std::optional<Instant>& last, Instant now, std::chrono::hours interval) {
    return !last || std::chrono::abs(now - *last) >= Ticks{interval};
}

}  // namespace

RegistrationFeed::RegistrationFeed(const config::EntraSettings& settings, entra::GraphReader& reader,
                                   AtLedgerDesk at_desk, Clock clock, Tell tell, Wanted wanted)
    : settings_(settings),
      reader_(&reader),
      at_desk_(std::move(at_desk)),
      clock_(std::move(clock)),
      tell_(std::move(tell)),
      wanted_(std::move(wanted)),
      inquiry_(reader, at_desk_, clock_, tell_) {}

RegistrationFeed::Outcome RegistrationFeed::poll(const std::stop_token& stop) {
    const Instant started = clock_();
    const bool by_report = settings_.registrations == config::RegistrationSource::report;
    if (auto read = by_report ? read_report(started, stop) : read_audit_log(started, stop); !read) {
        return read;
    }
    return finish(started, stop);
}

RegistrationFeed::Outcome RegistrationFeed::poll_users(std::span<const entra::EntraUser> users, Instant since,
                                                       const std::stop_token& stop) {
    const Instant started = clock_();
    const bool by_report = settings_.registrations == config::RegistrationSource::report;
    if (!by_report) {
        if (auto read = read_audit_log(started, stop); !read) {
            return read;
        }
    }
    for (const entra::EntraUser& user : users) {
        Outcome read;
        if (by_report) {
            read = read_methods(user, since, stop);
        } else if (since < started - Ticks{settings_.lookback}) {
            read = reader_->read_registrations_of(
                {user.id, user.user_principal_name}, since,
                [&](std::vector<entra::RegistrationEvent>&& page) {
                    record(std::move(page));
                    return !stop.stop_requested();
                },
                stop);
        }
        if (!read) {
            return read;
        }
    }
    return finish(started, stop);
}

RegistrationFeed::Outcome RegistrationFeed::finish(Instant started, const std::stop_token& stop) {
    if (auto users = read_users(stop); !users) {
        return users;
    }
    if (auto organization = read_organization(stop); !organization) {
        return organization;
    }
    at_desk_([&](LedgerDesk& desk) { desk.tenant.finish_poll(started); });
    return {};
}

void RegistrationFeed::record(std::vector<entra::RegistrationEvent>&& events) {
    if (wanted_) {
        std::erase_if(events, [this](const entra::RegistrationEvent& event) { return !wanted_(event); });
    }
    at_desk_([&](LedgerDesk& desk) { desk.registrations.record_events(events, clock_()); });
}

RegistrationFeed::Outcome RegistrationFeed::read_audit_log(Instant started, const std::stop_token& stop) {
    entra::AuditWindow window;
    at_desk_([&](LedgerDesk& desk) { window = desk.tenant.audit_window(started); });
    std::uint64_t events = 0;
    auto read = reader_->read_registrations(
        window.since,
        [&](std::vector<entra::RegistrationEvent>&& page) {
            events += page.size();
            record(std::move(page));
            return !stop.stop_requested();
        },
        stop);
    if (!read) {
        return read;
    }
    if (window.gap > Ticks::zero()) {
        at_desk_([&](LedgerDesk& desk) { desk.tenant.record_gap(window.gap); });
        tell_(LogLevel::warn,
              "a part of the audit log is gone: registrations of that time are known only by their keys",
              fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(window.gap).count()));
    }
    tell_(LogLevel::debug, "read the audit log",
          fmt::format("{} events since {}", events, entra::format_rfc3339(window.since, 0)));
    return {};
}

// The report moves by hours: it is read once an hour, and asks about so many users that the next poll is not late.
RegistrationFeed::Outcome RegistrationFeed::read_report(Instant started, const std::stop_token& stop) {
    if (!is_due(surveyed_at_, started, survey_interval)) {
        return {};
    }
    std::string stored;
    at_desk_([&](LedgerDesk& desk) { stored = desk.registrations.position(survey_position); });
    entra::SurveyState state = entra::parse_survey_state(stored).value_or(entra::SurveyState{});
    if (!state.baseline) {
        state.baseline = started - Ticks{settings_.lookback};
    }
    const auto pass = reader_->survey_registrations(
        state, started, users_a_survey,
        [&](std::vector<entra::RegistrationEvent>&& events) {
            record(std::move(events));
            return !stop.stop_requested();
        },
        stop);
    // Also after an error: what was read is not read again. Its events are recorded already.
    at_desk_([&](LedgerDesk& desk) {
        desk.registrations.record_events({}, clock_(), {std::string{survey_position}, entra::serialize(state)});
    });
    if (!pass) {
        return std::unexpected(pass.error());
    }
    postponed_ = pass->postponed;
    if (postponed_ == 0) {
        surveyed_at_ = started;
    }
    tell_(LogLevel::debug, "read the registration report",
          fmt::format("{} users, {} asked about, {} postponed", pass->users, pass->asked, pass->postponed));
    return {};
}

// What the report would lead to, for one user whom nobody has to find.
RegistrationFeed::Outcome RegistrationFeed::read_methods(const entra::EntraUser& user, Instant since,
                                                         const std::stop_token& stop) {
    std::vector<entra::AuthenticationMethod> methods;
    for (const entra::KeyKind kind : {entra::KeyKind::ngc, entra::KeyKind::fido}) {
        auto answer = reader_->read_methods(user.id, kind, stop);
        if (!answer) {
            return std::unexpected(std::move(answer.error()));
        }
        std::ranges::move(answer->methods, std::back_inserter(methods));
    }
    entra::RegistrationDetails details;
    details.user_id = user.id;
    details.user_principal_name = user.user_principal_name;
    entra::SurveyState fresh;
    fresh.baseline = since;
    record(entra::record_methods(fresh, details, methods, clock_()));
    return {};
}

RegistrationFeed::Outcome RegistrationFeed::read_users(const std::stop_token& stop) {
    std::vector<std::string> names;
    at_desk_([&](LedgerDesk& desk) {
        names = desk.registrations.users_to_read(clock_());
        std::ranges::move(desk.methods.users_to_read(clock_()), std::back_inserter(names));
    });
    std::ranges::sort(names);
    const auto repeated = std::ranges::unique(names);
    names.erase(repeated.begin(), repeated.end());
    if (names.empty()) {
        return {};
    }
    const auto answers = reader_->read_users(names, stop);
    if (!answers) {
        return std::unexpected(answers.error());
    }
    Outcome outcome;
    for (const entra::UserAnswer& answer : *answers) {
        if (answer.error) {
            outcome = std::unexpected(*answer.error);  // the others' answers still count
            continue;
        }
        at_desk_([&](LedgerDesk& desk) { desk.registrations.record_user(answer.asked, answer.user, clock_()); });
    }
    return outcome;
}

RegistrationFeed::Outcome RegistrationFeed::read_organization(const std::stop_token& stop) {
    const auto organization = reader_->read_organization(stop);
    if (!organization) {
        return std::unexpected(organization.error());
    }
    at_desk_([&](LedgerDesk& desk) { desk.tenant.record_organization(*organization, clock_()); });
    const Instant now = clock_();
    if (is_due(features_at_, now, features_interval)) {
        features_at_ = now;
        // Not in every cloud, not with every permission: without it nothing is missing but a line on the status page.
        if (const auto features = reader_->read_sync_features(stop); features && *features) {
            at_desk_([&](LedgerDesk& desk) { desk.tenant.record_sync_features(**features); });
        } else if (!features) {
            tell_(LogLevel::debug, "the features of directory synchronization cannot be read", features.error().detail);
        }
    }
    return {};
}

}  // namespace keysyncd::daemon
