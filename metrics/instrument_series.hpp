// The families of what happens in the process: their names and help texts, and their series by labels. No decisions;
// not thread-safe: instruments.cpp locks.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "metrics/series.hpp"

namespace keysyncd::metrics {

struct InstrumentSeries {
    using Counter = prometheus::Counter;
    using Gauge = prometheus::Gauge;

    prometheus::Registry registry;

    Series<Gauge> source_up = gauges(
        "keysync_source_up",
        "1 after a good poll of this server; 0 once a poll fails, before the first one, and while another server of "
        "the domain is used.");
    Series<Gauge> observed_up = gauges(
        "keysync_observed_server_up",
        "1 after a good look at a server of observe_servers; 0 once one fails and before the first. It is looked "
        "at while the arrival of a key is awaited.");
    Series<Counter> polls = counters("keysync_polls_total", "Polls of a source, good and failed.");
    Series<Counter> poll_failures =
        counters("keysync_poll_failures_total", "Polls of a source that failed, by reason.");
    Series<prometheus::Histogram> poll_duration =
        histograms("keysync_poll_duration_seconds", "How long a poll of a source took, good or failed.");
    Series<Gauge> last_success =
        gauges("keysync_last_success_timestamp_seconds",
               "When the last good poll of a source ended, in Unix seconds; 0 before the first.");
    Series<Counter> graph_requests =
        counters("keysync_graph_requests_total", "Requests to Microsoft Graph and its token endpoint, by outcome.");
    Series<Counter> graph_throttled =
        counters("keysync_graph_throttled_seconds_total",
                 "Seconds waited because Microsoft Graph answered 429 or 503 with Retry-After.");
    Series<Gauge> clock = gauges("keysync_clock_offset_seconds",
                                 "The peer's clock minus ours, in seconds; 0 before the first comparison.");
    Series<Gauge> certificate =
        gauges("keysync_certificate_expiry_timestamp_seconds",
               "When the certificate that the endpoint shows expires, in Unix seconds; 0 before it was seen.");
    Series<Gauge> reload_successful =
        gauges("keysync_config_last_reload_successful",
               "1 when the last attempt to load the configuration succeeded; 0: the one before is still in force.");
    Series<Gauge> reload_time = gauges("keysync_config_last_reload_success_timestamp_seconds",
                                       "When the configuration in force was loaded, in Unix seconds.");
    Series<Gauge> build = gauges("keysync_build_info", "Always 1; its labels tell what was built and how.");

  private:
    Series<Counter> counters(const char* name, const char* help) {
        return Series<Counter>(prometheus::BuildCounter().Name(name).Help(help).Register(registry));
    }

    Series<Gauge> gauges(const char* name, const char* help) {
        return Series<Gauge>(prometheus::BuildGauge().Name(name).Help(help).Register(registry));
    }

    Series<prometheus::Histogram> histograms(const char* name, const char* help) {
        return Series<prometheus::Histogram>(prometheus::BuildHistogram().Name(name).Help(help).Register(registry));
    }
};

}  // namespace keysyncd::metrics
