#include "entra/user_failures.hpp"

#include <doctest/doctest.h>

namespace entra = keysyncd::entra;
using entra::FailureOf;
using entra::GraphFailure;

TEST_CASE("failures: a refusal is one user's until a second user gets it with nobody answered in between") {
    entra::UserFailures failures;
    CHECK(failures.failed("a", GraphFailure::forbidden) == FailureOf::user);
    CHECK(failures.failed("a", GraphFailure::forbidden) == FailureOf::user);
    failures.answered();
    CHECK(failures.failed("b", GraphFailure::forbidden) == FailureOf::user);
    CHECK(failures.failed("a", GraphFailure::forbidden) == FailureOf::everybody);
    CHECK(failures.failed("b", GraphFailure::forbidden) == FailureOf::user);
}

TEST_CASE("failures: the server's trouble is everybody's when it comes twice in a row") {
    entra::UserFailures failures;
    CHECK(failures.failed("a", GraphFailure::server) == FailureOf::user);
    failures.answered();
    CHECK(failures.failed("a", GraphFailure::timeout) == FailureOf::user);
    CHECK(failures.failed("b", GraphFailure::server) == FailureOf::everybody);
    failures.rested();
    CHECK(failures.failed("b", GraphFailure::server) == FailureOf::user);
}

TEST_CASE("failures: an answer that cannot be used is its user's, no connection is everybody's") {
    entra::UserFailures failures;
    for (int i = 0; i < 3; ++i) {
        CHECK(failures.failed("a", GraphFailure::bad_answer) == FailureOf::user);
        CHECK(failures.failed("b", GraphFailure::not_found) == FailureOf::user);
    }
    CHECK(failures.failed("a", GraphFailure::connect) == FailureOf::everybody);
    CHECK(failures.failed("a", GraphFailure::throttled) == FailureOf::everybody);
}
