#include "daemon/monitor/registration_feed.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace keysyncd::daemon {
namespace {

// What a tenant's synchronisation is set up to do changes once in years.
constexpr std::chrono::hours features_interval{1};

// A licence may be bought, but not every minute.
constexpr std::chrono::hours left_out_for{1};

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
      survey_(
          reader, at_desk_, tell_,
          [this](std::vector<entra::RegistrationEvent>&& events) { record(std::move(events)); },
          Ticks{settings.lookback}),
      users_(reader, at_desk_, clock_, tell_),
      inquiry_(reader, at_desk_, clock_, tell_) {}

// What one stage cannot have keeps nothing else away; what fails everything ends it.
RegistrationFeed::Outcome RegistrationFeed::run(Stages stages) {
    Outcome outcome;
    for (const auto& stage : stages) {
        auto read = stage();
        const bool is_end = !read && is_everywhere(read.error().failure);
        if (!read && (outcome || is_end)) {
            outcome = std::move(read);
        }
        if (is_end) {
            break;
        }
    }
    return outcome;
}

RegistrationFeed::Outcome RegistrationFeed::poll(const std::stop_token& stop) {
    return run({[&] { return read_registrations(stop); }, [&] { return read_users(stop); },
                [&] { return read_organization(stop); }});
}

RegistrationFeed::Outcome RegistrationFeed::poll_users(std::span<const entra::EntraUser> users, Instant since,
                                                       const std::stop_token& stop) {
    const bool by_report = settings_.registrations == config::RegistrationSource::report;
    return run({[&] { return by_report ? Outcome{} : read_registrations(stop); },
                [&] { return read_registrations_of(users, since, stop); }, [&] { return read_users(stop); },
                [&] { return read_organization(stop); }});
}

void RegistrationFeed::record(std::vector<entra::RegistrationEvent>&& events) {
    if (wanted_) {
        std::erase_if(events, [this](const entra::RegistrationEvent& event) { return !wanted_(event); });
    }
    at_desk_([&](LedgerDesk& desk) { desk.registrations.record_events(events, clock_()); });
}

RegistrationFeed::Outcome RegistrationFeed::read_registrations(const std::stop_token& stop) {
    const Instant started = clock_();
    if (!is_due(left_out_at_, started, left_out_for)) {
        return {};
    }
    const bool by_report = settings_.registrations == config::RegistrationSource::report;
    auto read = by_report ? survey_.read(started, stop) : read_audit_log(started, stop);
    if (!read && is_not_offered(read.error()) && !settings_.audit_files.empty()) {
        tell_(left_out_at_ ? LogLevel::debug : LogLevel::warn,
              "Graph does not offer registrations here: they come from the audit files alone", read.error().detail);
        left_out_at_ = started;
        return {};
    }
    if (read && left_out_at_) {
        tell_(LogLevel::info, "Graph offers registrations now", "");
        left_out_at_.reset();
    }
    return read;
}

// By whichever clock is behind: the log must never be taken for read up to a time that is still to come for Graph,
// whose events carry its own time.
Instant RegistrationFeed::graph_time(Instant ours) const {
    const auto offset = reader_->clock_offset();
    return offset ? std::min(ours, ours + std::chrono::duration_cast<Ticks>(*offset)) : ours;
}

RegistrationFeed::Outcome RegistrationFeed::read_audit_log(Instant started, const std::stop_token& stop) {
    entra::AuditWindow window;
    at_desk_([&](LedgerDesk& desk) { window = desk.tenant.audit_window(graph_time(started)); });
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
    // At once: whatever fails after this, the log was read. At the first poll Graph's clock is known only now.
    at_desk_([&](LedgerDesk& desk) { desk.tenant.record_audit_read(graph_time(started), window.gap); });
    if (window.gap > Ticks::zero()) {
        tell_(LogLevel::warn,
              "a part of the audit log is gone: registrations of that time are known only by their keys",
              fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(window.gap).count()));
    }
    tell_(LogLevel::debug, "read the audit log",
          fmt::format("{} events since {}", events, entra::format_rfc3339(window.since, 0)));
    return {};
}

RegistrationFeed::Outcome RegistrationFeed::read_registrations_of(std::span<const entra::EntraUser> users,
                                                                  Instant since, const std::stop_token& stop) {
    const bool by_report = settings_.registrations == config::RegistrationSource::report;
    for (const entra::EntraUser& user : users) {
        Outcome read;
        if (by_report) {
            read = read_methods(user, since, stop);
        } else if (!left_out_at_ && since < clock_() - Ticks{settings_.lookback}) {
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
