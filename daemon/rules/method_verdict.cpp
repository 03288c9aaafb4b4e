#include "daemon/rules/method_verdict.hpp"

#include <algorithm>
#include <chrono>

namespace keysyncd::daemon {
namespace {

// A method that is nobody's, made about then, may be the one that was looked for: clocks, or a late audit event.
constexpr Ticks may_be_meant = std::chrono::days{1};

// An unmatched key is asked about now and then: a finding that was wrong must not stay.
constexpr Ticks second_thoughts = std::chrono::days{1};

// Between a method's createdDateTime, in whole seconds, and the key's own time.
constexpr Ticks same_moment = std::chrono::seconds{2};

class Judge {
  public:
    Judge(const MethodView& view, Instant now, Ticks patience)
        : view_(view), now_(now), patience_(patience), proof_(view.proof), taken_(view.methods.size()) {}

    MethodFindings run() {
        MethodFindings findings;
        findings.registrations.resize(view_.registrations.size());
        findings.keys.resize(view_.keys.size());
        recognise(findings.registrations);
        match(findings);
        for (std::size_t r = 0; r < view_.registrations.size(); ++r) {
            if (findings.registrations[r].verdict == RegistrationVerdict::undecided) {
                findings.registrations[r].verdict = verdict_of(view_.registrations[r]);
            }
        }
        for (std::size_t k = 0; k < view_.keys.size(); ++k) {
            if (findings.keys[k].verdict == KeyVerdict::undecided) {
                judge(view_.keys[k], findings.keys[k]);
            }
        }
        return findings;
    }

  private:
    /// Registrations that Entra has shown before, by the id that it gave them.
    void recognise(std::vector<RegistrationFinding>& findings) {
        for (std::size_t r = 0; r < findings.size(); ++r) {
            const std::string& id = view_.registrations[r].method_id;
            const auto found = std::ranges::find(view_.methods, id, &entra::AuthenticationMethod::id);
            if (!id.empty() && found != view_.methods.end()) {
                const auto method = static_cast<std::size_t>(found - view_.methods.begin());
                findings[r] = {RegistrationVerdict::known, method};
                taken_[method] = true;
            }
        }
    }

    void match(MethodFindings& findings) {
        std::vector<entra::KeyEvidence> evidence;
        std::vector<std::size_t> waiting;
        for (const WrittenKey& key : view_.keys) {
            evidence.push_back({view_.kind, key.key_id, key.created_at});
        }
        for (std::size_t r = 0; r < view_.registrations.size(); ++r) {
            if (view_.registrations[r].method_id.empty()) {
                evidence.push_back({view_.kind, {}, view_.registrations[r].registered_at});
                waiting.push_back(r);
            }
        }
        std::vector<entra::AuthenticationMethod> methods;
        std::vector<std::size_t> numbers;
        for (std::size_t m = 0; m < view_.methods.size(); ++m) {
            if (!taken_[m]) {
                methods.push_back(view_.methods[m]);
                numbers.push_back(m);
            }
        }
        const auto matches = entra::match_methods(evidence, methods, match_tolerance);
        for (std::size_t e = 0; e < matches.size(); ++e) {
            if (!matches[e]) {
                continue;
            }
            const std::size_t method = numbers[matches[e]->method];
            taken_[method] = true;
            if (e < view_.keys.size()) {
                findings.keys[e] = {KeyVerdict::known, matches[e]->by, {}};
                proof_ = std::max(
                    proof_, matches[e]->by == entra::MatchedBy::key_id ? MethodProof::by_key_id : MethodProof::by_time);
            } else {
                findings.registrations[waiting[e - view_.keys.size()]] = {RegistrationVerdict::known, method};
            }
        }
    }

    [[nodiscard]] bool one_may_be_meant(Instant at, std::span<const std::byte> key_id) const {
        for (std::size_t m = 0; m < view_.methods.size(); ++m) {
            const entra::AuthenticationMethod& method = view_.methods[m];
            const bool another =
                !key_id.empty() && entra::read_key_id(method.id, key_id) == entra::KeyIdReading::another_key;
            if (!taken_[m] && !another &&
                (!method.created_at || std::chrono::abs(*method.created_at - at) <= may_be_meant)) {
                return true;
            }
        }
        return false;
    }

    [[nodiscard]] RegistrationVerdict verdict_of(const WaitingRegistration& registration) const {
        if (!registration.method_id.empty()) {
            return RegistrationVerdict::gone;  // Entra has shown it, and does no more
        }
        const bool settled = now_ - registration.registered_at >= entra_settling;
        return settled && !one_may_be_meant(registration.registered_at, {}) ? RegistrationVerdict::gone
                                                                            : RegistrationVerdict::undecided;
    }

    void judge(const WrittenKey& key, KeyFinding& finding) const {
        const bool can_be_recognised =
            proof_ == MethodProof::by_key_id || (proof_ == MethodProof::by_time && key.created_at.has_value());
        // Longer and longer: what can't be decided, and what was decided long ago, must not be asked about for ever.
        const Ticks missing_for = now_ - key.missing_since.value_or(now_);
        if (!can_be_recognised || one_may_be_meant(key.created_at.value_or(now_), key.key_id)) {
            finding.ask_again = now_ + std::max(patience_, missing_for);
            return;
        }
        if (view_.last_deletion && now_ < *view_.last_deletion + patience_) {
            finding.ask_again = *view_.last_deletion + patience_;  // Connect may be about to remove it
            return;
        }
        // A creation time in the future is no excuse for longer than that.
        if (key.created_at && now_ < *key.created_at + entra_settling && missing_for < entra_settling) {
            finding.ask_again = std::min(*key.created_at, now_ - missing_for) + entra_settling;
            return;
        }
        // What was there before, and was well then, may have been deleted in Entra just now.
        const bool for_long = key.missing_since && missing_for >= patience_;
        finding.verdict = key.news || for_long ? KeyVerdict::unmatched : KeyVerdict::missing;
        finding.ask_again = finding.verdict == KeyVerdict::unmatched ? now_ + std::max(second_thoughts, missing_for)
                                                                     : now_ + patience_ - missing_for;
    }

    const MethodView& view_;
    Instant now_;
    Ticks patience_;
    MethodProof proof_;
    std::vector<bool> taken_;  ///< by method
};

}  // namespace

MethodFindings judge_methods(const MethodView& view, Instant now, Ticks patience) {
    return Judge(view, now, patience).run();
}

bool confirms(const std::string& method_id, Instant registered_at, std::span<const std::byte> key_id,
              std::optional<Instant> created_at) {
    if (method_id.empty()) {
        return false;
    }
    switch (entra::read_key_id(method_id, key_id)) {
        case entra::KeyIdReading::this_key:
            return true;
        case entra::KeyIdReading::another_key:
            return false;
        case entra::KeyIdReading::unreadable:
            break;
    }
    return created_at && std::chrono::abs(*created_at - registered_at) <= same_moment;
}

}  // namespace keysyncd::daemon
