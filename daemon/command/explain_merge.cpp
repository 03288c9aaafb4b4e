#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "daemon/command/explain_command.hpp"
#include "daemon/rules/correlation.hpp"
#include "ldap/key_findings.hpp"

namespace keysyncd::daemon {
namespace {

// A key that is not in the directory has no id: it is known by its kind and its time.
bool same_registration(const KeyView& one, const KeyView& other) {
    return one.usage == other.usage && one.registered_at && other.registered_at &&
           std::chrono::abs(*one.registered_at - *other.registered_at) <= match_tolerance;
}

bool judges_the_sync(const std::optional<metrics::Cause>& cause) {
    return cause == metrics::Cause::sync_stalled || cause == metrics::Cause::unknown;
}

// Of both, the one that knows more. The look has the account as it is now; only the daemon sees everyone's writes.
void merge_waiting(KeyView& look, const KeyView& known) {
    if (!waits(known)) {
        look = known;  // withdrawn, or written and removed: what the look takes for waiting still
        return;
    }
    if (judges_the_sync(look.cause) && judges_the_sync(known.cause)) {
        look.cause = known.cause;
    }
    look.method = look.method ? look.method : known.method;
}

void merge_written(KeyView& look, const KeyView& known) {
    const KeyView looked = std::exchange(look, known);
    const bool unmatched = looked.state == metrics::State::unmatched || known.state == metrics::State::unmatched;
    look.state = looked.state == metrics::State::synced && unmatched ? metrics::State::unmatched : looked.state;
    look.findings |= looked.findings & ldap::bit(ldap::KeyFinding::unmatched);
    look.method = looked.method ? looked.method : known.method;
    // What was history at the daemon's first start, it never asked the metadata about.
    if (looked.precision == metrics::Precision::exact && known.precision != metrics::Precision::exact) {
        look.precision = looked.precision;
        look.written_earliest = looked.written_earliest;
        look.written_latest = looked.written_latest;
        look.delay = looked.delay;
        look.missed_cycles = looked.missed_cycles;
    }
}

bool is_past(const KeyView& key) {
    return key.state == metrics::State::removed || key.state == metrics::State::withdrawn;
}

class Merge {
  public:
    explicit Merge(UserView& looked_at) : looked_at_(looked_at), taken_(looked_at.keys.size()) {}

    [[nodiscard]] bool by_id(const KeyView& known) {
        KeyView* same = take([&](const KeyView& key) { return !key.key_id.empty() && key.key_id == known.key_id; });
        if (same != nullptr) {
            merge_written(*same, known);
        }
        return same != nullptr;
    }

    void by_time(const KeyView& known) {
        if (!waits(known) && !is_past(known)) {
            return;  // in the directory by the ledger, not by the look
        }
        if (KeyView* same = take([&](const KeyView& key) { return waits(key) && same_registration(key, known); })) {
            merge_waiting(*same, known);
            return;
        }
        const auto arrived_or_withdrawn = [&](const KeyView& key) { return same_registration(key, known); };
        if (waits(known) && take(arrived_or_withdrawn) == nullptr) {
            waiting_.push_back(known);
        } else if (is_past(known)) {
            past_.push_back(known);
        }
    }

    void finish() {
        auto& keys = looked_at_.keys;
        keys.insert(std::ranges::find_if_not(keys, waits), waiting_.begin(), waiting_.end());
        keys.insert(keys.end(), past_.begin(), past_.end());
    }

  private:
    // Each of the look's keys is one of the ledger's at most.
    template <typename Condition>
    KeyView* take(const Condition& is_it) {
        for (std::size_t i = 0; i < taken_.size(); ++i) {
            if (!taken_[i] && is_it(looked_at_.keys[i])) {
                taken_[i] = true;
                return &looked_at_.keys[i];
            }
        }
        return nullptr;
    }

    UserView& looked_at_;
    std::vector<bool> taken_;
    std::vector<KeyView> waiting_;
    std::vector<KeyView> past_;
};

}  // namespace

void merge_observed(UserView& looked_at, const UserView& observed) {
    Merge merge{looked_at};
    std::vector<const KeyView*> left;
    for (const KeyView& known : observed.keys) {
        if (known.key_id.empty() || !merge.by_id(known)) {
            left.push_back(&known);
        }
    }
    for (const KeyView* known : left) {
        merge.by_time(*known);
    }
    merge.finish();
    if (observed.next_write && (!looked_at.next_write || observed.next_write->observed)) {
        looked_at.next_write = observed.next_write;
    }
    settle_next_write(looked_at);
}

}  // namespace keysyncd::daemon
