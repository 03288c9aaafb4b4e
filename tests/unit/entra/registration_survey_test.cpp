#include "entra/registration_survey.hpp"

#include <doctest/doctest.h>

#include "entra/organization.hpp"

namespace entra = keysyncd::entra;

namespace {

entra::Instant at(std::string_view clock) {
    return *entra::parse_rfc3339("2026-01-09T" + std::string{clock} + "Z");
}

entra::RegistrationDetails row(std::string user, std::string_view updated, bool ngc = true, bool fido = false) {
    return {.user_id = user,
            .user_principal_name = user + "@x",
            .last_updated = at(updated),
            .has_ngc = ngc,
            .has_fido = fido};
}

entra::AuthenticationMethod method(std::string id, std::string_view created,
                                   entra::KeyKind kind = entra::KeyKind::ngc) {
    return {.kind = kind, .id = std::move(id), .created_at = at(created), .strength = {}};
}

}  // namespace

TEST_CASE("registration report: rows, whichever names the kinds have") {
    const auto page = entra::read_registration_report(R"({"value":[
        {"id":"u1","userPrincipalName":"a@x","lastUpdatedDateTime":"2026-01-09T10:00:00Z","methodsRegistered":["windowsHelloForBusiness","email"]},
        {"id":"u2","lastUpdatedDateTime":"2026-01-09T10:00:00Z","methodsRegistered":["passKeyDeviceBound"]},
        {"id":"u3","lastUpdatedDateTime":"2026-01-09T10:00:00Z","methodsRegistered":null},
        {"id":"u4","lastUpdatedDateTime":null},{"id":null},7],"@odata.nextLink":"n"})");
    REQUIRE(page.has_value());
    REQUIRE(page->rows.size() == 3);
    CHECK(page->rows[0].has_ngc);
    CHECK_FALSE(page->rows[0].has_fido);
    CHECK(page->rows[1].has_fido);
    CHECK_FALSE(page->rows[2].has_ngc);
    CHECK(page->malformed == 3);
    CHECK(page->next_link == "n");
    CHECK_FALSE(entra::read_registration_report("{}").has_value());
}

TEST_CASE("survey: only users with news are asked about") {
    entra::SurveyState state;
    state.baseline = at("12:00:00");
    CHECK_FALSE(entra::needs_question(state, row("old", "11:00:00")));
    CHECK_FALSE(entra::needs_question(state, row("none", "13:00:00", false)));
    CHECK(entra::needs_question(state, row("new", "12:30:00")));
    CHECK(entra::needs_question(state, row("new", "12:30:00")));  // until it was answered
    static_cast<void>(entra::record_methods(state, row("new", "12:30:00"), {method("m", "12:29:00")}, at("14:00:00")));
    CHECK_FALSE(entra::needs_question(state, row("new", "12:30:00")));
    CHECK(entra::needs_question(state, row("new", "13:30:00")));
    CHECK(entra::needs_question(state, row("new", "13:30:00", false)));  // the last one went
    CHECK(entra::needs_question(state, row("old", "13:00:00")));
    CHECK(entra::needs_question(state, row("none", "14:00:00", false, true)));
}

TEST_CASE("survey: new methods register, missing ones are deleted, each once; those before the baseline are no news") {
    entra::SurveyState state;
    state.baseline = at("12:00:00");
    auto events = entra::record_methods(state, row("u", "13:00:00"),
                                        {method("before", "11:00:00"), method("after", "12:59:00")}, at("14:00:00"));
    REQUIRE(events.size() == 1);
    CHECK(events[0].event_id == "report:u:after");
    CHECK(events[0].at == at("12:59:00"));
    CHECK(events[0].user_id == "u");
    CHECK(events[0].user_principal_name == "u@x");
    CHECK(entra::record_methods(state, row("u", "13:00:00"),
                                {method("before", "11:00:00"), method("after", "12:59:00")}, at("14:00:00"))
              .empty());
    events = entra::record_methods(state, row("u", "15:00:00"),
                                   {method("after", "12:59:00"), method("key", "14:30:00", entra::KeyKind::fido)},
                                   at("15:30:00"));
    REQUIRE(events.size() == 2);
    CHECK(events[0].kind == entra::EventKind::registered);
    CHECK(events[0].key_kind == entra::KeyKind::fido);
    CHECK(events[1].kind == entra::EventKind::deleted);
    CHECK(events[1].event_id == "report-deleted:u:before");
    CHECK(entra::deleted_method(events[1].event_id) == "before");
    CHECK(entra::deleted_method(events[0].event_id).empty());
    CHECK(entra::is_survey_event(events[0].event_id));
    CHECK_FALSE(entra::is_survey_event("DRS_1"));
    CHECK(events[1].at == at("15:30:00"));
}

TEST_CASE("survey: the state survives as text, and other text is no state") {
    entra::SurveyState state;
    state.baseline = at("12:00:00");
    static_cast<void>(entra::record_methods(state, row("u", "13:00:00"),
                                            {method("m\"1", "12:59:00"), method("f", "12:59:00", entra::KeyKind::fido)},
                                            at("14:00:00")));
    const auto again = entra::parse_survey_state(entra::serialize(state));
    REQUIRE(again.has_value());
    CHECK(again->baseline == state.baseline);
    CHECK(again->users.at("u").last_updated == at("13:00:00"));
    CHECK(again->users.at("u").methods == state.users.at("u").methods);
    CHECK(entra::parse_survey_state(entra::serialize({}))->users.empty());
    for (const std::string_view bad :
         {"", "{}", "[]", R"({"users":{"u":1}})", R"({"users":{"u":{"updated":"x","methods":{}}}})",
          R"({"users":{"u":{"updated":"2026-01-09T12:00:00Z","methods":{"m":1}}}})"}) {
        CAPTURE(bad);
        CHECK_FALSE(entra::parse_survey_state(bad).has_value());
    }
}

TEST_CASE("sync features: told where there are any") {
    const auto features = entra::read_sync_features(
        R"({"value":[{"features":{"passwordSyncEnabled":true,"deviceWritebackEnabled":false}}]})");
    REQUIRE(features.has_value());
    CHECK(features->password_sync == true);
    CHECK(features->device_writeback == false);
    CHECK_FALSE(features->user_writeback.has_value());
    CHECK_FALSE(entra::read_sync_features(R"({"value":[]})").has_value());
}
