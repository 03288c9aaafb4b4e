#include "daemon/finding_recorder.hpp"

namespace keysyncd::daemon {
namespace {

// Seen in other users' keys or in Entra's answers, not in the key itself.
constexpr ldap::KeyFindings found_elsewhere =
    ldap::bit(ldap::KeyFinding::unmatched) | ldap::bit(ldap::KeyFinding::shared_key);

}  // namespace

void count_findings(Ledger& ledger, DomainId domain, ldap::KeyFindings before, ldap::KeyFindings after) {
    if (before == after || !ledger.domains().contains(domain)) {
        return;
    }
    auto& counts = ledger.figures.of(domain).suspicious_keys;
    for (std::uint8_t i = 0; i < ldap::key_finding_count; ++i) {
        const auto finding = static_cast<ldap::KeyFinding>(i);
        const bool was = (before & ldap::bit(finding)) != 0;
        const bool is = (after & ldap::bit(finding)) != 0;
        if (was != is) {
            counts[std::string{ldap::to_string(finding)}] += is ? std::uint64_t{1} : ~std::uint64_t{0};
        }
    }
}

bool FindingRecorder::examine(DomainId domain, KeyRow& row, const ldap::DirectoryKey& key,
                              const ldap::DirectoryUser& user) {
    const ldap::KeyFindings before = row.findings;
    set(domain, row,
        ldap::find_key_findings(key, user, row.written_latest, policies_[domain]) | (before & found_elsewhere));
    return row.findings != before;
}

void FindingRecorder::clear(DomainId domain, KeyRow& row) {
    set(domain, row, 0);
}

std::optional<KeyRow> FindingRecorder::examine(const UserRow& user, const ldap::EndedKey& ended) {
    const auto findings = ldap::find_key_findings(ended, policies_[user.domain_id]);
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

void FindingRecorder::set(DomainId domain, KeyRow& row, ldap::KeyFindings findings) {
    count_findings(*ledger_, domain, row.findings, findings);
    row.findings = findings;
}

}  // namespace keysyncd::daemon
