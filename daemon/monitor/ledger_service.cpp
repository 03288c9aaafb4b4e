#include "daemon/monitor/ledger_service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <utility>

#include "daemon/process/log.hpp"
#include "daemon/process/priority.hpp"
#include "daemon/rules/finding_policy.hpp"
#include "daemon/text/hashed_name.hpp"
#include "daemon/view/snapshot_builder.hpp"
#include "entra/graph_time.hpp"

namespace keysyncd::daemon {
namespace {

// Causes and the next expected cycle follow the clock, not only the rows.
constexpr std::chrono::seconds refresh_interval{5};

}  // namespace

struct LedgerService::Loop {
    boost::asio::thread_pool pool{1};
    boost::asio::steady_timer timer{pool};
};

LedgerService::LedgerService(const config::Settings& settings, metrics::SnapshotSlot& slot, Clock clock,
                             std::function<void()> on_damage)
    : settings_(settings), slot_(&slot), clock_(std::move(clock)), on_damage_(std::move(on_damage)) {
    try {
        open(LedgerCheck::after_crash);
    } catch (const SqliteError& error) {
        if (!error.damaged()) {
            throw;
        }
        desk_.reset();
        ledger_.reset();
        open(LedgerCheck::thorough);
    }
    loop_ = std::make_unique<Loop>();
    boost::asio::post(loop_->pool, yield_to_serving);
    tick();
}

// What was closed in order is not read through: damage shows only where something that it hit is read.
void LedgerService::open(LedgerCheck check) {
    ledger_ = std::make_unique<Ledger>(
        settings_.ledger.path,
        [](const std::string& kept_as, const std::string& reason) {
            log(LogLevel::error, "the ledger is damaged: it was moved aside and is rebuilt from the sources",
                {{"kept_as", kept_as}, {"reason", reason}});
        },
        check);
    const Ticks lookback = settings_.entra ? Ticks{settings_.entra->lookback} : Ticks{config::EntraSettings{}.lookback};
    for (const config::DomainSettings& domain : settings_.domains) {
        domain_ids_[domain.name] = ledger_->add_domain(domain.name, clock_() - lookback);
    }
    desk_ = std::make_unique<LedgerDesk>(*ledger_, settings_);
    for (const config::DomainSettings& domain : settings_.domains) {
        desk_->directory.users.findings.set_policy(domain_ids_[domain.name], finding_policy(domain.findings));
        desk_->directory.users.arrivals.observe(domain_ids_[domain.name], domain.observe_servers);
        desk_->directory.set_scope(domain_ids_[domain.name], domain.base_dn, domain.filter, clock_() - lookback);
    }
    const bool swept =
        std::ranges::all_of(ledger_->domains(), [](const auto& domain) { return domain.second.first_pass_done; });
    if (swept) {
        desk_->directory.users.findings.compare_all();  // a ledger from before keys were compared
    }
    desk_->directory.users.on_measured = [](const UserRow& user, const KeyRow& key) {
        if (logs(LogLevel::debug)) {
            log(LogLevel::debug, "measured a key",
                {{"domain_id", user.domain_id},
                 {"usage", to_string(key.usage)},
                 {"registered_at", entra::format_rfc3339(*key.created_at)},
                 {"written_at", entra::format_rfc3339(*key.written_latest)}});
        }
    };
    desk_->directory.users.on_malformed = [this](const UserRow& user, const ldap::MalformedValue& value) {
        const bool hashed = settings_.user_names == config::UserNames::hashed;
        log(LogLevel::warn, "a value of msDS-KeyCredentialLink is malformed: it is not measured",
            {{"domain", ledger_->domain(user.domain_id).name},
             {"user", hashed ? hashed_name(user.upn.empty() ? user.sam : user.upn) : user.dn},
             {"reason", value.kind}});
    };
    publish();
    if (ledger_->damaged()) {
        throw SqliteError(11, fmt::format("{}: damaged", settings_.ledger.path.string()));
    }
}

LedgerService::~LedgerService() {
    boost::asio::post(loop_->pool, [this] { loop_->timer.cancel(); });
    loop_->pool.join();
}

void LedgerService::enqueue(std::function<void(LedgerDesk&)> work) {
    boost::asio::post(loop_->pool, [this, work = std::move(work)] {
        const std::uint64_t rollbacks = ledger_->rollbacks();
        work(*desk_);  // a packaged task: exceptions travel in its future
        commit_failures_ += ledger_->rollbacks() - rollbacks;
        publish();
        tell_damage();
    });
}

void LedgerService::publish() {
    try {
        slot_->put(build_snapshot(*ledger_, settings_, commit_failures_, clock_()));
    } catch (const std::exception& error) {
        log(LogLevel::error, "the ledger cannot be read: the figures of the last snapshot stay",
            {{"error", error.what()}});
    }
}

void LedgerService::tell_damage() {
    if (on_damage_ && ledger_->damaged()) {
        std::exchange(on_damage_, {})();
    }
}

void LedgerService::tick() {
    loop_->timer.expires_after(refresh_interval);
    loop_->timer.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            publish();
            tell_damage();
            tick();
        }
    });
}

}  // namespace keysyncd::daemon
