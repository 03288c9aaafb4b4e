// Runs one registration survey: the report's pages, then the methods of those whose row moved, slowly, as the reports
// family's limit demands. One worker thread.
#pragma once

#include <cstddef>

#include "entra/audit_reader.hpp"
#include "entra/registration_survey.hpp"
#include "entra/user_reader.hpp"

namespace keysyncd::entra {

struct SurveyPass {
    std::size_t users = 0;      ///< rows in the report
    std::size_t asked = 0;      ///< users whose methods were read
    std::size_t postponed = 0;  ///< users left for the next pass
};

class SurveyReader {
  public:
    SurveyReader(GraphSession& session, UserReader& users, const Endpoints& endpoints);

    /// `state` is brought up to what was read, also when an error ends it early: keep it in either case. At most
    /// `most_users` are asked about.
    [[nodiscard]] std::expected<SurveyPass, GraphError> read(SurveyState& state, Instant now, std::size_t most_users,
                                                             const EventSink& sink, const std::stop_token& stop);

  private:
    [[nodiscard]] std::expected<std::vector<RegistrationDetails>, GraphError> read_report(SurveyState& state,
                                                                                          SurveyPass& pass,
                                                                                          const std::stop_token& stop);
    GraphSession& session_;
    UserReader& users_;
    Endpoints endpoints_;
};

}  // namespace keysyncd::entra
