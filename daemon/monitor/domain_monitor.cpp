#include "daemon/monitor/domain_monitor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <optional>
#include <utility>

#include "daemon/process/log.hpp"
#include "daemon/process/memory.hpp"
#include "daemon/process/random.hpp"
#include "ldap/write_times.hpp"

namespace keysyncd::daemon {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds largest_sound_offset{5};

// A first sweep of a very large domain; every operation inside has a deadline of its own.
constexpr std::chrono::minutes longest_step{30};

// Users and keys that the ledger's thread may be behind: enough for it never to wait, few enough to keep in memory.
constexpr std::size_t most_under_way = 6000;

// Hands batches to the ledger's thread, some under way while the next is read.
class RecordingSink final : public ldap::PassSink {
  public:
    RecordingSink(LedgerService& ledger, DomainId domain, const Clock& clock)
        : ledger_(&ledger), domain_(domain), clock_(&clock) {}

    void begin(const ldap::PassStart& start) override {
        ledger_->call([&](LedgerDesk& desk) {
            desk.directory.begin_pass(domain_, start);
            first_pass_ = !desk.ledger.domain(domain_).first_pass_done;
            baseline_before_ = desk.ledger.domain(domain_).baseline_before;
        });
    }

    std::vector<bool> with_news(std::span<const ldap::DirectoryUser> batch) override {
        // History is most of a first pass and never measured: not worth stopping the pipeline for.
        const auto may_have_news = [this](const ldap::DirectoryKey& key) {
            return !(first_pass_ && key.created_at && *key.created_at < baseline_before_);
        };
        if (std::ranges::none_of(batch, [&](const ldap::DirectoryUser& user) {
                return std::ranges::any_of(user.keys, may_have_news);
            })) {
            return {};
        }
        return ledger_->call([&](LedgerDesk& desk) { return desk.directory.with_news(domain_, batch); });
    }

    bool users(std::vector<ldap::DirectoryUser>&& batch) override {
        std::size_t keys = batch.size();
        for (const ldap::DirectoryUser& user : batch) {
            keys += user.keys.size();
        }
        if (!settle(most_under_way - std::min(keys, most_under_way))) {
            return false;
        }
        keys_under_way_ += keys;
        under_way_.emplace_back(
            keys, ledger_->post([domain = domain_, batch = std::move(batch), seen = (*clock_)()](LedgerDesk& desk) {
                desk.directory.record(domain, batch, seen);
            }));
        return true;
    }

    std::vector<ldap::KnownUser> bereft() override {
        if (!settle()) {
            return {};
        }
        return ledger_->call([this](LedgerDesk& desk) { return desk.directory.bereft(domain_); });
    }

    /// Waits until at most so many are under way; false once the ledger has failed.
    bool settle(std::size_t most = 0) {
        while (keys_under_way_ > most) {
            try {
                under_way_.front().second.get();
            } catch (const std::exception& error) {
                error_ = error.what();
            }
            keys_under_way_ -= under_way_.front().first;
            under_way_.pop_front();
        }
        return !error_;
    }

    [[nodiscard]] const std::optional<std::string>& error() const { return error_; }

  private:
    LedgerService* ledger_;
    DomainId domain_;
    const Clock* clock_;
    bool first_pass_ = false;
    Instant baseline_before_;
    std::deque<std::pair<std::size_t, std::future<void>>> under_way_;  ///< batches, with how much they hold
    std::size_t keys_under_way_ = 0;                                   ///< and their users, for those without keys
    std::optional<std::string> error_;
};

}  // namespace

DomainMonitor::DomainMonitor(const config::DomainSettings& settings, ldap::DeadlineSupervisor& supervisor,
                             LedgerService& ledger, metrics::Instruments& instruments, Readiness& readiness,
                             Progress& progress, UserSource user_source, Clock clock)
    : settings_(settings),
      ledger_(&ledger),
      instruments_(&instruments),
      readiness_(&readiness),
      user_source_(user_source),
      clock_(std::move(clock)),
      beat_(progress.add("domain " + settings.name, settings.poll_interval + longest_step, SteadyClock::now())),
      id_(ledger.domain_id(settings.name)),
      backoff_(milliseconds{500}, std::max(milliseconds{settings.poll_interval}, milliseconds{1000})),
      reader_(settings, supervisor),
      worker_([this](const std::stop_token& stop) { return step(stop); }) {}

milliseconds DomainMonitor::step(const std::stop_token& stop) {
    const auto started = SteadyClock::now();
    beat_->strike(started);
    try {
        const Instant now = clock_();
        const auto [cursors, last_sweep] = ledger_->call([this](LedgerDesk& desk) {
            return std::pair{desk.ledger.domain_table.cursors(id_), desk.ledger.domain(id_).last_sweep};
        });
        const bool sweep_due =
            sweep_again_ || !last_sweep || std::chrono::abs(now - *last_sweep) >= Ticks{settings_.full_sweep_interval};
        RecordingSink sink{*ledger_, id_, clock_};
        const auto pass = reader_.poll(cursors, sweep_due, sink, stop);
        sink.settle();
        if (stop.stop_requested()) {
            return milliseconds{0};
        }
        if (sink.error()) {
            sweep_again_ = true;
            return failed("", "ledger", *sink.error(), SteadyClock::now() - started);
        }
        if (!pass) {
            return failed(pass.error().server, to_string(pass.error().failure), pass.error().detail,
                          SteadyClock::now() - started);
        }
        ledger_->call([&](LedgerDesk& desk) {
            desk.directory.finish_pass(id_, *pass, clock_());
            desk.housekeeping.tidy(clock_());
        });
        finished(*pass, SteadyClock::now() - started);
        if (pass->start.kind == ldap::PassKind::full_sweep) {
            ledger_->call([](LedgerDesk& desk) { desk.directory.after_first_sweeps(); });
            give_memory_back();
        }
        if (user_source_ == UserSource::directory) {
            resolve_registrations(stop);
        }
        look_up_stuck_accounts(stop);
        return settings_.poll_interval;
    } catch (const std::exception& error) {
        sweep_again_ = true;
        return failed("", "ledger", error.what(), SteadyClock::now() - started);
    }
}

void DomainMonitor::finished(const ldap::PassEnd& end, std::chrono::nanoseconds took) {
    backoff_.succeeded();
    sweep_again_ = false;
    readiness_->passed(settings_.name);
    instruments_->poll_succeeded(metrics::Source::ldap, settings_.name, end.start.server, took, clock_());
    instruments_->clock_offset(end.start.server, end.start.clock_offset);
    if (end.certificate_expiry) {
        instruments_->certificate_expiry(end.start.server, *end.certificate_expiry);
    }
    tell_clock(end.start);
    for (const std::string& server : end.given_up) {
        log(LogLevel::warn, "waited in vain for what was read from a domain controller: it counts as lost",
            {{"domain", settings_.name}, {"server", server}, {"read_instead", end.start.server}});
    }
    tell("reading the domain", end.warnings);
    if (end.metadata_asked > 0 && end.metadata_unreadable == end.metadata_asked) {
        tell("reading write times", {std::string{ldap::metadata_missing}});
    }
    const std::string tracking = fmt::format("{}: {}", end.dirsync ? "DirSync" : "uSNChanged", end.tracking_reason);
    if (tracking != std::exchange(tracking_, tracking)) {
        log(LogLevel::info, "changes are tracked",
            {{"domain", settings_.name}, {"server", end.start.server}, {"by", tracking}});
    }
    if (!last_failure_.empty()) {
        last_failure_.clear();
        log(LogLevel::info, "the domain answers again", {{"domain", settings_.name}, {"server", end.start.server}});
    }
    const LogLevel level = end.start.kind == ldap::PassKind::full_sweep ? LogLevel::info : LogLevel::debug;
    log(level, "read the domain",
        {{"domain", settings_.name},
         {"server", end.start.server},
         {"pass", to_string(end.start.kind)},
         {"reason", end.start.reason},
         {"users", end.entries},
         {"seconds", fmt::format("{:.3f}", std::chrono::duration<double>(took).count())}});
}

void DomainMonitor::tell(std::string_view message, const std::vector<std::string>& warnings) {
    for (const std::string& warning : warnings) {
        if (told_.insert(warning).second) {
            log(LogLevel::warn, message, {{"domain", settings_.name}, {"detail", warning}});
        }
    }
}

// Once while it lasts: a clock that was mended may drift again.
void DomainMonitor::tell_clock(const ldap::PassStart& start) {
    if (std::chrono::abs(start.clock_offset) <= largest_sound_offset) {
        wrong_clocks_.erase(start.server);
    } else if (wrong_clocks_.insert(start.server).second) {
        log(LogLevel::warn, "the domain controller's clock differs from ours: check both against their time source",
            {{"domain", settings_.name},
             {"detail", start.server},
             {"seconds", fmt::format("{:+.1f}", std::chrono::duration<double>(start.clock_offset).count())}});
    }
}

milliseconds DomainMonitor::failed(std::string_view server, std::string_view reason, std::string_view detail,
                                   std::chrono::nanoseconds took) {
    ledger_->call([this](LedgerDesk& desk) { desk.directory.abandon_pass(id_); });
    instruments_->poll_failed(metrics::Source::ldap, settings_.name, server, reason, took);
    const milliseconds rest = backoff_.failed(random_fraction());
    const std::string failure = fmt::format("{}|{}|{}", server, reason, detail);
    log(failure == last_failure_ ? LogLevel::debug : LogLevel::warn, "the domain cannot be read",
        {{"domain", settings_.name},
         {"server", server},
         {"reason", reason},
         {"detail", detail},
         {"next_try_ms", std::int64_t{rest.count()}}});
    last_failure_ = failure;
    return rest;
}

void DomainMonitor::resolve_registrations(const std::stop_token& stop) {
    const auto unresolved =
        ledger_->call([this](LedgerDesk& desk) { return desk.accounts.unresolved_accounts(id_, clock_()); });
    for (const auto& asked : unresolved) {
        const auto account = reader_.look_up({{}, {}, asked.user_principal_name}, stop);
        if (!account) {
            log(LogLevel::warn, "the user of a registration could not be looked up",
                {{"domain", settings_.name}, {"detail", account.error().detail}});
            return;
        }
        ledger_->call(
            [&](LedgerDesk& desk) { desk.accounts.record_directory_account(asked, id_, *account, clock_()); });
    }
}

void DomainMonitor::look_up_stuck_accounts(const std::stop_token& stop) {
    const auto stuck = ledger_->call([this](LedgerDesk& desk) { return desk.accounts.stuck_accounts(id_, clock_()); });
    for (const auto& [registration, query] : stuck) {
        auto account = reader_.look_up(query, stop);
        if (!account) {
            log(LogLevel::warn, "the account of a waiting key could not be looked up",
                {{"domain", settings_.name}, {"detail", account.error().detail}});
            return;
        }
        ledger_->call(
            [&, id = registration](LedgerDesk& desk) { desk.accounts.record_account(id, *account, clock_()); });
    }
}

}  // namespace keysyncd::daemon
