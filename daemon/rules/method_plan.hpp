// Which users' authentication methods Entra is asked about now. Pure. The cost grows with registrations and arrivals,
// never with users: whoever has no news is not asked about.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/rules/correlation.hpp"
#include "entra/registration_event.hpp"

namespace keysyncd::daemon {

/// One request: a user's methods of one kind.
struct MethodQuestion {
    std::string entra_user_id;
    entra::KeyKind kind = entra::KeyKind::ngc;
    auto operator<=>(const MethodQuestion&) const = default;
};

/// Most urgent first.
enum class QuestionReason : std::uint8_t {
    deletion,      ///< an event that could mean a written key or a waiting one
    registration,  ///< Entra has not shown it yet
    arrival,       ///< a key whose registration Entra has not shown
    overdue,       ///< is it still there
};

struct QuestionCandidate {
    MethodQuestion question;
    QuestionReason reason = QuestionReason::registration;
    Instant due;
};

/// The most urgent that are due, the longest due first, each question once, no more than `most`.
[[nodiscard]] std::vector<MethodQuestion> plan_questions(std::vector<QuestionCandidate> candidates, Instant now,
                                                         std::size_t most);

/// A registration that waits for its key.
struct WaitingForMethod {
    Instant registered_at;
    std::optional<Instant> asked_at;  ///< Entra, with an answer
    std::optional<Instant> known_at;  ///< Entra has shown it
    std::optional<Instant> deletion;  ///< the newest event that may mean it
};

struct Due {
    QuestionReason reason = QuestionReason::registration;
    Instant at;
};

/// When it is asked about next; std::nullopt: not before it is overdue.
[[nodiscard]] std::optional<Due> registration_due(const WaitingForMethod& registration, Instant now, Ticks cycle,
                                                  Ticks overdue_after);

/// How many questions follow a poll of the audit log, so that they fit into what is left of the limit until the next
/// one: `limit` requests in 10 s, two of which are kept for the audit log.
[[nodiscard]] std::size_t question_budget(std::chrono::seconds poll_interval, int limit) noexcept;

}  // namespace keysyncd::daemon
