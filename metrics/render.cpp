#include "metrics/render.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>
#include <vector>

#include "metrics/process_families.hpp"

namespace keysyncd::metrics {
namespace {

using prometheus::MetricFamily;

void append(std::vector<MetricFamily>& all, std::vector<MetricFamily>&& more) {
    std::ranges::move(more, std::back_inserter(all));
}

}  // namespace

std::string render(const Snapshot& snapshot, const Instruments& instruments, Moment now) {
    std::vector<MetricFamily> families = snapshot_families(snapshot, now);
    append(families, instruments.collect());
    append(families, process_families());
    // A family without series would be a HELP and a TYPE of nothing.
    std::erase_if(families, [](const MetricFamily& family) { return family.metric.empty(); });
    std::ranges::sort(families, {}, &MetricFamily::name);
    for (MetricFamily& family : families) {
        std::sort(family.metric.begin(), family.metric.end(),
                  [](const auto& a, const auto& b) { return a.label < b.label; });
    }
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, families);
    return std::move(text).str();
}

}  // namespace keysyncd::metrics
