// Keys and registrations held against Entra's authentication methods: which users to ask about, and what their answers
// do to the ledger. A registration that Entra shows is confirmed, one that it does not know any more withdrawn; a key
// in the directory that it does not know becomes unmatched. The ledger's thread only; each call is one transaction.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "daemon/ledger/ledger.hpp"
#include "daemon/record/finding_recorder.hpp"
#include "daemon/record/registration_matcher.hpp"
#include "daemon/rules/method_plan.hpp"
#include "entra/authentication_methods.hpp"

namespace keysyncd::daemon {

class MethodRecorder {
  public:
    MethodRecorder(Ledger& ledger, const config::SyncSettings& sync, FindingRecorder& findings);

    /// Principal names of directory users that are to be asked about, and whose Entra user is not known yet.
    [[nodiscard]] std::vector<std::string> users_to_read(Instant now);
    /// What to ask now, most urgent first.
    [[nodiscard]] std::vector<MethodQuestion> questions(Instant now, std::size_t most);
    /// `now`: when the question was put.
    void record(const MethodQuestion& asked, const entra::UserMethods& answer, Instant now);
    /// Entra could not say anything about this user: asked again a cycle later.
    void postpone(const MethodQuestion& asked, Instant now);

  private:
    struct Subject;
    [[nodiscard]] Subject subject_of(const MethodQuestion& asked);
    [[nodiscard]] std::vector<QuestionCandidate> waiting_registrations(Instant now);
    void add_keys(std::vector<QuestionCandidate>& candidates, Instant now, std::size_t most);
    void settle(RegistrationRow registration, const RegistrationFinding& finding,
                std::span<const entra::AuthenticationMethod> methods, Instant now);
    void settle(DomainId domain, KeyRow key, const KeyQuestionRow* question, const KeyFinding& finding, Instant now);
    void set_unmatched(DomainId domain, KeyRow& key, bool unmatched);

    Ledger* ledger_;
    config::SyncSettings sync_;
    FindingRecorder* findings_;
    RegistrationMatcher matcher_;
};

}  // namespace keysyncd::daemon
