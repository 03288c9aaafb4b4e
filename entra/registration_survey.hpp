// Registrations without an audit source: who changed by the registration report, and what changed by the user's
// methods, compared with what was seen before. Slower than the audit log (the report lags by hours) and bounded: only
// users whose row moved are asked about. Pure. The state is the caller's to keep, as text.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "entra/authentication_methods.hpp"
#include "entra/registration_event.hpp"
#include "entra/registration_report.hpp"

namespace keysyncd::entra {

struct SurveyedUser {
    Instant last_updated;
    std::map<std::string, KeyKind> methods;  ///< by id; empty until the user was asked about
};

struct SurveyState {
    std::optional<Instant> baseline;  ///< methods created before are old: no event. None: nothing was surveyed yet
    std::map<std::string, SurveyedUser> users;  ///< by object id
};

[[nodiscard]] std::string serialize(const SurveyState& state);
/// std::nullopt for text that serialize() did not write.
[[nodiscard]] std::optional<SurveyState> parse_survey_state(std::string_view text);

/// Whether this user has to be asked about. A row that needs no question is taken note of.
[[nodiscard]] bool needs_question(SurveyState& state, const RegistrationDetails& row);

/// Whether the user may have methods of this kind, by the row or by what was seen before.
[[nodiscard]] bool has_kind(const SurveyState& state, const RegistrationDetails& row, KeyKind kind);

/// Whether the event with this id is one of record_methods'.
[[nodiscard]] bool is_survey_event(std::string_view event_id) noexcept;
/// Which method such an event says is gone; empty for every other event.
[[nodiscard]] std::string_view deleted_method(std::string_view event_id) noexcept;

/// Takes note of the user's methods, all of them, and gives what is new and what is gone. Event ids are the same
/// however often a method is reported.
[[nodiscard]] std::vector<RegistrationEvent> record_methods(SurveyState& state, const RegistrationDetails& row,
                                                            const std::vector<AuthenticationMethod>& methods,
                                                            Instant now);

}  // namespace keysyncd::entra
