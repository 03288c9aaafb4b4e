#include "metrics/process_families.hpp"

#include <dirent.h>
#include <prometheus/metric_family.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace keysyncd::metrics {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

struct DirectoryCloser {
    void operator()(DIR* directory) const noexcept { closedir(directory); }
};

std::optional<std::string> read_text(const char* path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    if (!file || !(text << file.rdbuf())) {
        return std::nullopt;
    }
    return std::move(text).str();
}

std::optional<double> boot_time() {
    const auto text = read_text("/proc/stat");
    const auto line = text ? text->find("\nbtime ") : std::string::npos;
    if (line == std::string::npos) {
        return std::nullopt;
    }
    double seconds = 0;
    const char* first = text->data() + line + 7;
    const auto parsed = std::from_chars(first, text->data() + text->size(), seconds);
    return parsed.ec == std::errc{} ? std::optional(seconds) : std::nullopt;
}

std::optional<double> open_descriptors() {
    const std::unique_ptr<DIR, DirectoryCloser> directory(opendir("/proc/self/fd"));
    if (!directory) {
        return std::nullopt;
    }
    double count = -1;  // the descriptor of this very listing
    // readdir is safe here: this stream is not shared between threads.
    while (const dirent* entry = readdir(directory.get())) {  // NOLINT(concurrency-mt-unsafe)
        if (entry->d_name[0] != '.') {
            ++count;
        }
    }
    return count;
}

MetricFamily single(MetricType type, const char* name, const char* help, double value) {
    prometheus::ClientMetric metric;
    if (type == MetricType::Counter) {
        metric.counter.value = value;
    } else {
        metric.gauge.value = value;
    }
    return {name, help, type, {metric}};
}

void add_stat(std::vector<MetricFamily>& families) {
    const auto text = read_text("/proc/self/stat");
    const auto stat = text ? parse_process_stat(*text, static_cast<double>(sysconf(_SC_CLK_TCK)),
                                                static_cast<double>(sysconf(_SC_PAGESIZE)))
                           : std::nullopt;
    if (!stat) {
        return;
    }
    families.push_back(single(MetricType::Counter, "process_cpu_seconds_total",
                              "User and system CPU time spent, in seconds.", stat->cpu_seconds));
    families.push_back(single(MetricType::Gauge, "process_virtual_memory_bytes", "Virtual memory size in bytes.",
                              stat->virtual_bytes));
    families.push_back(single(MetricType::Gauge, "process_resident_memory_bytes", "Resident memory size in bytes.",
                              stat->resident_bytes));
    static const std::optional<double> booted = boot_time();
    if (booted) {
        families.push_back(single(MetricType::Gauge, "process_start_time_seconds",
                                  "When the process started, in Unix seconds.",
                                  *booted + stat->start_seconds_after_boot));
    }
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text, double ticks_per_second, double page_bytes) {
    const auto name_end = text.rfind(')');
    if (name_end == std::string_view::npos) {
        return std::nullopt;
    }
    // After the name: field 3 (state) is at index 0, so field N of proc(5) is at index N - 3.
    constexpr std::size_t utime = 14 - 3, stime = 15 - 3, starttime = 22 - 3, vsize = 23 - 3, rss = 24 - 3;
    std::array<double, rss + 1> fields{};
    std::size_t index = 0;
    std::string_view rest = text.substr(name_end + 1);
    while (index < fields.size()) {
        const auto begin = rest.find_first_not_of(' ');
        if (begin == std::string_view::npos) {
            return std::nullopt;
        }
        const auto end = std::min(rest.find_first_of(" \n", begin), rest.size());
        const auto parsed = std::from_chars(rest.data() + begin, rest.data() + end, fields[index]);
        if (index > 0 && parsed.ec != std::errc{}) {  // field 3 is a letter
            return std::nullopt;
        }
        rest.remove_prefix(end);
        ++index;
    }
    return ProcessStat{.cpu_seconds = (fields[utime] + fields[stime]) / ticks_per_second,
                       .start_seconds_after_boot = fields[starttime] / ticks_per_second,
                       .virtual_bytes = fields[vsize],
                       .resident_bytes = fields[rss] * page_bytes};
}

std::vector<MetricFamily> process_families() {
    std::vector<MetricFamily> families;
    add_stat(families);
    if (const auto open = open_descriptors()) {
        families.push_back(single(MetricType::Gauge, "process_open_fds", "Open file descriptors.", *open));
    }
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        families.push_back(single(MetricType::Gauge, "process_max_fds", "Most file descriptors that may be open.",
                                  static_cast<double>(limit.rlim_cur)));
    }
    return families;
}

}  // namespace keysyncd::metrics
