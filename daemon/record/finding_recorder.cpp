#include "daemon/record/finding_recorder.hpp"

#include <algorithm>
#include <string>

#include "daemon/ledger/meta_names.hpp"

namespace keysyncd::daemon {
namespace {

using ldap::bit;
using ldap::KeyFinding;
using ldap::KeyFindings;

// Seen in other users' keys or in Entra's answers, not in the key itself.
constexpr KeyFindings found_elsewhere = bit(KeyFinding::unmatched) | bit(KeyFinding::shared_key);

}  // namespace

void count_findings(Ledger& ledger, DomainId domain, KeyFindings before, KeyFindings after) {
    if (before == after || !ledger.domains().contains(domain)) {
        return;
    }
    auto& counts = ledger.figures.of(domain).suspicious_keys;
    for (std::uint8_t i = 0; i < ldap::key_finding_count; ++i) {
        const auto finding = static_cast<KeyFinding>(i);
        const bool was = (before & bit(finding)) != 0;
        const bool is = (after & bit(finding)) != 0;
        if (was != is) {
            counts[std::string{ldap::to_string(finding)}] += is ? std::uint64_t{1} : ~std::uint64_t{0};
        }
    }
}

void FindingRecorder::set_policy(DomainId domain, const ldap::FindingPolicy& policy) {
    policies_[domain] = policy;
    const KeyFindings wanted =
        policy.keys_registered_on_premises ? policy.enabled & ~bit(KeyFinding::source_ad) : policy.enabled;
    const std::string name = std::string{meta_name::wanted_findings} + std::to_string(domain);
    const auto stored = ledger_->meta.get(name);
    const KeyFindings before = stored ? static_cast<KeyFindings>(*stored) : ldap::all_key_findings;
    if (stored && before == wanted) {
        return;
    }
    ledger_->in_transaction([&] {
        const KeyFindings off = before & ~wanted;
        const KeyFindings on = wanted & ~before;
        if (off != 0) {
            ledger_->keys.clear_findings(domain, off);
            auto& counts = ledger_->figures.of(domain).suspicious_keys;
            for (std::uint8_t i = 0; i < ldap::key_finding_count; ++i) {
                if (const auto finding = static_cast<KeyFinding>(i); (off & bit(finding)) != 0) {
                    counts[std::string{ldap::to_string(finding)}] = 0;
                }
            }
        }
        if ((on & ~found_elsewhere) != 0) {
            ledger_->users.forget_fingerprints(domain);
        }
        if (comparing_ && (on & bit(KeyFinding::shared_key)) != 0) {
            mark_shared_keys([&](DomainId carrier) { return carrier == domain; });
        }
        ledger_->meta.set(name, wanted);
    });
}

void FindingRecorder::compare_all() {
    if (comparing_) {
        return;
    }
    ledger_->in_transaction([&] {
        ledger_->keys.index_ids();
        mark_shared_keys([&](DomainId carrier) { return wants(carrier, KeyFinding::shared_key); });
    });
    comparing_ = true;
}

void FindingRecorder::arrived(DomainId domain, KeyRow& row, const ldap::DirectoryKey& key,
                              const ldap::DirectoryUser& user) {
    examine(domain, row, key, user);
    const std::vector<Carrier> others = two_others(row);
    if (others.empty()) {
        return;
    }
    if (wants(domain, KeyFinding::shared_key)) {
        set(domain, row, row.findings | bit(KeyFinding::shared_key));
    }
    // Where there are two, they carry the finding already.
    if (others.size() == 1 && wants(others.front().domain, KeyFinding::shared_key)) {
        Carrier other = others.front();
        set(other.domain, other.row, other.row.findings | bit(KeyFinding::shared_key));
        ledger_->keys.save(other.row);
    }
}

bool FindingRecorder::examine(DomainId domain, KeyRow& row, const ldap::DirectoryKey& key,
                              const ldap::DirectoryUser& user) {
    const KeyFindings before = row.findings;
    set(domain, row,
        ldap::find_key_findings(key, user, row.written_latest, policies_[domain]) | (before & found_elsewhere));
    return row.findings != before;
}

void FindingRecorder::removed(DomainId domain, KeyRow& row, const ldap::EndedKey* ended) {
    const ldap::FindingPolicy& policy = policies_[domain];
    KeyFindings left = 0;
    if (ended != nullptr) {
        left = ldap::find_key_findings(*ended, policy);
    } else if (row.written_earliest && row.removed_at &&
               *row.removed_at - *row.written_earliest < policy.short_lived_below) {
        left = policy.enabled & bit(KeyFinding::short_lived);
    }
    set(domain, row, left);
    // The last one left shares with nobody.
    if (auto others = two_others(row); others.size() == 1) {
        Carrier& other = others.front();
        if (const KeyFindings without = other.row.findings & ~bit(KeyFinding::shared_key);
            without != other.row.findings) {
            set(other.domain, other.row, without);
            ledger_->keys.save(other.row);
        }
    }
}

std::optional<KeyRow> FindingRecorder::ended(const UserRow& user, const ldap::EndedKey& ended) {
    const KeyFindings findings = ldap::find_key_findings(ended, policies_[user.domain_id]);
    if (findings == 0) {
        return std::nullopt;
    }
    KeyRow row;
    row.user_id = user.id;
    row.key_id = ended.key_id;
    row.usage = ended.usage;
    row.source = ended.source;
    row.state = KeyState::removed;
    row.created_at = ended.created_at;
    row.written_earliest = ended.added_at;
    row.written_latest = ended.added_at;
    row.precision = metrics::Precision::exact;
    row.removed_at = ended.removed_at;
    set(user.domain_id, row, findings);
    return row;
}

void FindingRecorder::set_unmatched(DomainId domain, KeyRow& row, bool unmatched) {
    const bool shown = unmatched && wants(domain, KeyFinding::unmatched);
    const KeyFindings others = row.findings & ~bit(KeyFinding::unmatched);
    set(domain, row, shown ? others | bit(KeyFinding::unmatched) : others);
}

bool FindingRecorder::wants(DomainId domain, KeyFinding finding) {
    return (policies_[domain].enabled & bit(finding)) != 0;
}

bool FindingRecorder::anyone_wants_shared_keys() const {
    return std::ranges::any_of(
        policies_, [](const auto& policy) { return (policy.second.enabled & bit(KeyFinding::shared_key)) != 0; });
}

// Two say all that is to be known; a key on thousands of users must not cost thousands of rows each time.
std::vector<FindingRecorder::Carrier> FindingRecorder::two_others(const KeyRow& row) {
    std::vector<Carrier> others;
    if (!comparing_ || row.key_id.empty() || !anyone_wants_shared_keys()) {
        return others;
    }
    ledger_->keys.each_other_carrier(row.key_id, row.user_id, [&](DomainId domain, KeyRow&& other) {
        if (ledger_->domains().contains(domain)) {
            others.push_back({domain, std::move(other)});
        }
        return others.size() < 2;
    });
    return others;
}

void FindingRecorder::mark_shared_keys(const std::function<bool(DomainId)>& in) {
    for (const std::vector<std::byte>& id : ledger_->keys.shared_ids()) {
        std::vector<Carrier> carriers;
        ledger_->keys.each_other_carrier(id, 0, [&](DomainId of, KeyRow&& row) {
            if (ledger_->domains().contains(of)) {
                carriers.push_back({of, std::move(row)});
            }
            return true;
        });
        for (Carrier& carrier : carriers) {
            if (carriers.size() > 1 && in(carrier.domain) && !id.empty()) {
                set(carrier.domain, carrier.row, carrier.row.findings | bit(KeyFinding::shared_key));
                ledger_->keys.save(carrier.row);
            }
        }
    }
}

void FindingRecorder::set(DomainId domain, KeyRow& row, KeyFindings findings) {
    count_findings(*ledger_, domain, row.findings, findings);
    row.findings = findings;
}

}  // namespace keysyncd::daemon
