// A snapshot as a daemon of two domains may have it, with a value in every family, for tests of what Prometheus sees.
#pragma once

#include <chrono>
#include <memory>

#include "metrics/exposition.hpp"
#include "metrics/instruments.hpp"
#include "metrics/snapshot_families.hpp"

namespace keysyncd::tests {

/// `age`: how long the daemon has run; counters and histograms grow with it.
[[nodiscard]] metrics::Snapshot canned_snapshot(metrics::Moment now, std::chrono::seconds age = {});

/// Everything declared, and each event told at least once.
[[nodiscard]] std::unique_ptr<metrics::Instruments> canned_instruments(metrics::Moment now);

}  // namespace keysyncd::tests
