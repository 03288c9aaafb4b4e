#include "entra/survey_reader.hpp"

#include <algorithm>

#include "entra/paging.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::string_view what = "the registration report";

}  // namespace

SurveyReader::SurveyReader(GraphSession& session, UserReader& users, const Endpoints& endpoints)
    : session_(session), users_(users), endpoints_(endpoints) {}

std::expected<SurveyPass, GraphError> SurveyReader::ask(SurveyState& state, MovedUsers& moved, Instant now,
                                                        std::size_t most_users, const EventSink& sink,
                                                        const std::stop_token& stop) {
    SurveyPass pass;
    failures_.rested();
    while (!moved.empty() && pass.asked + pass.failed < most_users) {
        auto methods = read_methods(state, moved.front(), stop);
        if (!methods && methods.error().failure == GraphFailure::stopped) {
            return std::unexpected(std::move(methods.error()));
        }
        const RegistrationDetails row = std::move(moved.front());
        moved.pop_front();
        if (!methods) {
            if (failures_.failed(row.user_id, methods.error().failure) == FailureOf::everybody) {
                moved.push_back(row);  // last: it may be the reason after all
                return std::unexpected(std::move(methods.error()));
            }
            ++pass.failed;
            pass.error = std::move(methods.error());
            continue;
        }
        failures_.answered();
        ++pass.asked;
        auto events = record_methods(state, row, *methods, now);
        if (!events.empty() && !sink(std::move(events))) {
            return std::unexpected(GraphError{GraphFailure::stopped, "stopped"});
        }
    }
    return pass;
}

std::expected<std::vector<AuthenticationMethod>, GraphError> SurveyReader::read_methods(const SurveyState& state,
                                                                                        const RegistrationDetails& row,
                                                                                        const std::stop_token& stop) {
    std::vector<AuthenticationMethod> methods;
    for (const KeyKind kind : {KeyKind::ngc, KeyKind::fido}) {
        if (!has_kind(state, row, kind)) {
            continue;
        }
        auto answer = users_.read_methods(row.user_id, kind, stop);
        if (!answer) {
            return std::unexpected(std::move(answer.error()));
        }
        std::ranges::move(answer->methods, std::back_inserter(methods));
    }
    return methods;
}

std::expected<SurveyReport, GraphError> SurveyReader::read_report(SurveyState& state, const std::stop_token& stop) {
    if (!endpoints_.has_methods) {
        return std::unexpected(GraphError{GraphFailure::not_found,
                                          "this cloud does not show authentication methods: registrations can't be "
                                          "read from the report, feed audit logs through entra.audit_files"});
    }
    SurveyReport report;
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
        report.users += page->rows.size();
        for (RegistrationDetails& row : page->rows) {
            if (needs_question(state, row)) {
                report.moved.push_back(std::move(row));
            }
        }
        const auto more = paging.advance(page->next_link);
        if (!more) {
            return std::unexpected(more.error());
        }
        if (!*more) {
            return report;
        }
    }
}

}  // namespace keysyncd::entra
