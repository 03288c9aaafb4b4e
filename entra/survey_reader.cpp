#include "entra/survey_reader.hpp"

#include "entra/paging.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::string_view what = "the registration report";

}  // namespace

SurveyReader::SurveyReader(GraphSession& session, UserReader& users, const Endpoints& endpoints)
    : session_(session), users_(users), endpoints_(endpoints) {}

std::expected<SurveyPass, GraphError> SurveyReader::read(SurveyState& state, Instant now, std::size_t most_users,
                                                         const EventSink& sink, const std::stop_token& stop) {
    SurveyPass pass;
    auto rows = read_report(state, pass, stop);
    if (!rows) {
        return std::unexpected(std::move(rows.error()));
    }
    for (const RegistrationDetails& row : *rows) {
        if (pass.asked >= most_users) {
            ++pass.postponed;
            continue;
        }
        std::vector<AuthenticationMethod> methods;
        for (const KeyKind kind : {KeyKind::ngc, KeyKind::fido}) {
            auto answer = users_.read_methods(row.user_id, kind, stop);
            if (!answer) {
                return std::unexpected(std::move(answer.error()));
            }
            if (answer->knowledge == MethodsKnowledge::unavailable) {
                return std::unexpected(
                    GraphError{GraphFailure::not_found,
                               "this cloud does not show authentication methods: registrations can't be "
                               "read from the report, feed audit logs through entra.audit_files"});
            }
            std::ranges::move(answer->methods, std::back_inserter(methods));
        }
        ++pass.asked;
        auto events = record_methods(state, row, methods, now);
        if (!events.empty() && !sink(std::move(events))) {
            return std::unexpected(GraphError{GraphFailure::stopped, "stopped"});
        }
    }
    return pass;
}

std::expected<std::vector<RegistrationDetails>, GraphError> SurveyReader::read_report(SurveyState& state,
                                                                                      SurveyPass& pass,
                                                                                      const std::stop_token& stop) {
    std::vector<RegistrationDetails> moved;
    Paging paging(endpoints_.graph, endpoints_.url(registration_report_path));
    for (;;) {
        auto answer = session_.ask({"report", what, paging.url(), Family::reports}, stop);
        if (!answer) {
            return std::unexpected(std::move(answer.error()));
        }
        if (answer->status != 200) {
            return std::unexpected(from_status(answer->status, answer->body, what));
        }
        auto page = read_registration_report(answer->body);
        if (!page) {
            return std::unexpected(bad_answer(what, page.error()));
        }
        pass.users += page->rows.size();
        for (RegistrationDetails& row : page->rows) {
            if (needs_question(state, row)) {
                moved.push_back(std::move(row));
            }
        }
        const auto more = paging.advance(page->next_link);
        if (!more) {
            return std::unexpected(more.error());
        }
        if (!*more) {
            return moved;
        }
    }
}

}  // namespace keysyncd::entra
