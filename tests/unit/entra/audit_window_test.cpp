#include "entra/audit_window.hpp"

#include <doctest/doctest.h>

namespace entra = keysyncd::entra;
using namespace std::chrono_literals;

namespace {

const entra::Instant now = *entra::parse_rfc3339("2026-03-01T00:00:00Z");

entra::AuditWindow plan(std::optional<entra::Instant> read_to) {
    return entra::plan_audit_window(read_to, now, 2h, 24h);
}

}  // namespace

TEST_CASE("audit window: the first start looks back, later ones overlap") {
    CHECK(plan(std::nullopt).since == now - 24h);
    CHECK(plan(std::nullopt).gap == entra::Ticks{0});
    CHECK(plan(now - 1min).since == now - 2h - 1min);
    CHECK(plan(now - std::chrono::days{10}).since == now - std::chrono::days{10} - 2h);
    CHECK(plan(now - std::chrono::days{10}).gap == entra::Ticks{0});
    CHECK(entra::plan_audit_window(std::nullopt, now, 2h, std::chrono::days{90}).since == now - std::chrono::days{30});
}

TEST_CASE("audit window: after a stop longer than the log is kept the rest is a gap") {
    CHECK(plan(now - std::chrono::days{30}).since == now - std::chrono::days{30});
    CHECK(plan(now - std::chrono::days{30}).gap == entra::Ticks{0});
    CHECK(plan(now - std::chrono::days{33}).since == now - std::chrono::days{30});
    CHECK(plan(now - std::chrono::days{33}).gap == entra::Ticks{std::chrono::days{3}});
}

TEST_CASE("audit window: a clock that was set back") {
    CHECK(plan(now + 5h).since == now - 2h);
}
