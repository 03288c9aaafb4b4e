// A snapshot as a daemon of two domains may have it, with a value in every family, for tests of what Prometheus sees.
#pragma once

#include <memory>

#include "metrics/exposition.hpp"
#include "metrics/instruments.hpp"
#include "metrics/snapshot_families.hpp"

namespace keysyncd::tests {

[[nodiscard]] metrics::Snapshot canned_snapshot(metrics::Moment now);

/// Everything declared, and each event told at least once.
[[nodiscard]] std::unique_ptr<metrics::Instruments> canned_instruments(metrics::Moment now);

}  // namespace keysyncd::tests
