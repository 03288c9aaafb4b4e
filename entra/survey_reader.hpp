// Runs registration surveys in two steps: the report's pages tell whose row moved, then those users' methods are read,
// some at a time, as the reports family's limit demands. One worker thread.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "entra/audit_reader.hpp"
#include "entra/registration_survey.hpp"
#include "entra/user_failures.hpp"
#include "entra/user_reader.hpp"

namespace keysyncd::entra {

/// Rows that moved, to be asked about in this order.
using MovedUsers = std::deque<RegistrationDetails>;

struct SurveyReport {
    std::size_t users = 0;  ///< rows in the report
    MovedUsers moved;
};

struct SurveyPass {
    std::size_t asked = 0;            ///< users whose methods were read
    std::size_t failed = 0;           ///< users left for the next report, which shows them again
    std::optional<GraphError> error;  ///< the last of theirs
};

class SurveyReader {
  public:
    SurveyReader(GraphSession& session, UserReader& users, const Endpoints& endpoints);

    /// Rows that need no question are taken note of in `state`.
    [[nodiscard]] std::expected<SurveyReport, GraphError> read_report(SurveyState& state, const std::stop_token& stop);

    /// Asks about the first of `moved`, `most_users` at most, and takes them off; brings `state` up to what was read,
    /// also when an error ends it early. An error of one user is that user's alone.
    [[nodiscard]] std::expected<SurveyPass, GraphError> ask(SurveyState& state, MovedUsers& moved, Instant now,
                                                            std::size_t most_users, const EventSink& sink,
                                                            const std::stop_token& stop);

  private:
    [[nodiscard]] std::expected<std::vector<AuthenticationMethod>, GraphError> read_methods(
        const SurveyState& state, const RegistrationDetails& row, const std::stop_token& stop);

    GraphSession& session_;
    UserReader& users_;
    Endpoints endpoints_;
    UserFailures failures_;
};

}  // namespace keysyncd::entra
