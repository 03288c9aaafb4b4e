#include "daemon/process/backoff.hpp"

#include <doctest/doctest.h>

namespace keysyncd::daemon {
namespace {

using namespace std::chrono_literals;

TEST_CASE("steps double up to the cap, jittered between half and whole, and start again after a success") {
    Backoff backoff{500ms, 3s};
    CHECK(backoff.failed(0.0) == 250ms);
    CHECK(backoff.failed(0.999999) == 999ms);
    CHECK(backoff.failed(0.5) == 1500ms);
    CHECK(backoff.failed(0.0) == 1500ms);
    CHECK(backoff.failed(0.0) == 1500ms);
    backoff.succeeded();
    CHECK(backoff.failed(0.0) == 250ms);
}

}  // namespace
}  // namespace keysyncd::daemon
