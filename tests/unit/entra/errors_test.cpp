#include <doctest/doctest.h>

#include "entra/aadsts.hpp"
#include "entra/graph_error.hpp"

namespace entra = keysyncd::entra;

TEST_CASE("Graph's errors: code, message, mend, in one line") {
    const auto denied = entra::from_status(
        403, R"({"error":{"code":"Authorization_RequestDenied","message":"Insufficient\nprivileges."}})",
        "the audit log");
    CHECK(denied.failure == entra::GraphFailure::forbidden);
    CHECK(denied.detail ==
          "the audit log: HTTP 403, Authorization_RequestDenied: Insufficient privileges. (grant the application "
          "permissions AuditLog.Read.All and Directory.Read.All, with admin consent)");
    CHECK(entra::from_status(500, "<html>", "x").detail == "x: HTTP 500");
    CHECK(entra::from_status(500, "", "x").failure == entra::GraphFailure::server);
    CHECK(entra::from_status(429, "", "x").failure == entra::GraphFailure::throttled);
    CHECK(entra::from_status(302, "", "x").failure == entra::GraphFailure::bad_answer);
    CHECK(entra::from_status(302, "", "x").detail.contains("redirects are not followed"));
    CHECK(entra::from_status(407, "", "x").failure == entra::GraphFailure::proxy);
    CHECK(entra::one_line("a\x1b[31mb\r\n", 100) == "a [31mb");
    CHECK(entra::one_line(std::string(400, 'x')).size() == 303);
}

TEST_CASE("Graph's errors: the mend for a refusal is not told about a server in trouble") {
    constexpr std::string_view unknown = R"({"error":{"code":"UnknownError","message":""}})";
    CHECK(entra::from_status(403, unknown, "the audit log").detail.contains("AuditLog.Read.All"));
    for (const int status : {400, 404, 500, 503}) {
        CAPTURE(status);
        CHECK_FALSE(entra::from_status(status, unknown, "the audit log").detail.contains("grant"));
    }
}

TEST_CASE("Graph's errors: what a tenant or a cloud does not have, and what no question survives") {
    const auto licence = entra::from_status(
        403, R"({"error":{"code":"Authentication_RequestFromNonPremiumTenantOrB2CTenant","message":"No licence."}})",
        "the audit log");
    CHECK(licence.no_licence);
    CHECK(is_not_offered(licence));
    CHECK(licence.detail.contains("entra.audit_files"));
    CHECK(is_not_offered(entra::from_status(404, "", "the audit log")));
    CHECK(is_not_offered(entra::from_status(
        400, R"({"error":{"code":"BadRequest","message":"Resource not found for the segment 'auditLogs'."}})", "x")));
    CHECK_FALSE(is_not_offered(entra::from_status(400, "", "x")));
    CHECK_FALSE(is_not_offered(
        entra::from_status(403, R"({"error":{"code":"Authorization_RequestDenied"}})", "the audit log")));
    CHECK(is_everywhere(entra::GraphFailure::connect));
    CHECK(is_everywhere(entra::GraphFailure::stopped));
    CHECK_FALSE(is_everywhere(entra::GraphFailure::forbidden));
    CHECK_FALSE(is_everywhere(entra::GraphFailure::throttled));
}

TEST_CASE("Graph's failures have a label each") {
    CHECK(to_string(entra::GraphFailure::resolve) == "resolve");
    CHECK(to_string(entra::GraphFailure::refused_link) == "refused_link");
    CHECK(to_string(entra::GraphFailure::stopped) == "stopped");
}

TEST_CASE("token errors: Microsoft's code and what to do, without its trace ids") {
    const auto error = entra::token_error(
        401,
        R"({"error":"invalid_client","error_description":"AADSTS7000222: The keys are expired. Trace ID: 1 Correlation ID: 2"})");
    CHECK(error.failure == entra::GraphFailure::token);
    CHECK(
        error.detail ==
        "no token: invalid_client AADSTS7000222: The keys are expired. (the secret has expired: make a new one for the "
        "application and put it into the secret file)");
    CHECK(entra::token_error(400, R"({"error":"x","error_description":"AADSTS1: y"})").detail ==
          "no token: x AADSTS1: y");
    CHECK(entra::token_error(400, "<html>").detail.contains("HTTP 400"));
    CHECK(entra::token_error(503, "").failure == entra::GraphFailure::server);
    for (const std::string_view code : {"700016", "7000215", "65001", "90002", "700027"}) {
        CAPTURE(code);
        CHECK_FALSE(entra::token_error_mend(code).empty());
    }
    CHECK(entra::token_error_mend("").empty());
}
