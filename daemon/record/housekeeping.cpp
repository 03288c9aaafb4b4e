#include "daemon/record/housekeeping.hpp"

#include "daemon/record/arrival_recorder.hpp"
#include "daemon/record/finding_recorder.hpp"

namespace keysyncd::daemon {
namespace {

// Every row is looked at for its age: not with each poll.
constexpr Ticks between_forgetting = std::chrono::hours{1};

}  // namespace

Housekeeping::Housekeeping(Ledger& ledger, const config::Settings& settings)
    : ledger_(&ledger), retention_(settings.ledger.retention), matcher_(ledger, settings.sync.overdue_after) {}

void Housekeeping::tidy(Instant now) {
    ledger_->in_transaction([&] {
        matcher_.settle_all_deletions(now);
        if (!forgot_at_ || std::chrono::abs(now - *forgot_at_) >= between_forgetting) {
            forgot_at_ = now;
            forget_before(now - retention_);
            ledger_->awaited.forget_before(now - longest_awaited);
        }
    });
}

void Housekeeping::forget_before(Instant limit) {
    const auto lower = [&](DomainId domain, metrics::Usage usage, metrics::State state) {
        if (!ledger_->domains().contains(domain)) {
            return;  // no longer in the configuration
        }
        --ledger_->figures.of(domain).usage[static_cast<std::size_t>(usage)].keys[static_cast<std::size_t>(state)];
    };
    ledger_->registrations.forget_ended_before(limit, [&](const RegistrationRow& row) {
        if (row.domain_id) {
            lower(*row.domain_id, usage_of(row.kind), metrics::State::withdrawn);
        }
    });
    ledger_->keys.forget_removed_before(limit, [&](DomainId domain, const KeyRow& key) {
        lower(domain, usage_of(key.usage), metrics::State::removed);
        count_findings(*ledger_, domain, key.findings, 0);
    });
    ledger_->deletions.forget_before(limit);
    ledger_->key_questions.forget_before(limit);
    ledger_->bursts.forget_before(limit);
}

}  // namespace keysyncd::daemon
