#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <ostream>

#include "daemon/command/report_command.hpp"
#include "daemon/text/printable_text.hpp"
#include "daemon/text/span_text.hpp"
#include "daemon/view/view_json.hpp"
#include "entra/graph_time.hpp"
#include "ldap/key_findings.hpp"

namespace keysyncd::daemon {
namespace {

namespace json = boost::json;

constexpr std::size_t bar_width = 40;

std::string shown(const std::optional<Ticks>& span) {
    return span ? span_text(*span) : "-";
}

std::string share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? "-" : fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string_view name_of(const KeyView& key) {
    return key.user.user_principal_name.empty() ? key.user.dn : key.user.user_principal_name;
}

// Enough to begin with; JSON and CSV name all.
std::string some_names(const std::vector<KeyView>& keys) {
    constexpr std::size_t enough = 5;
    std::string names;
    for (std::size_t i = 0; i < std::min(keys.size(), enough); ++i) {
        names += (i == 0 ? "" : ", ") + printable(name_of(keys[i]));
    }
    return keys.size() > enough ? fmt::format("{}, and {} more", names, keys.size() - enough) : names;
}

void write_row(std::ostream& out, std::string_view domain, std::string_view usage, const DelayFigures& figures) {
    fmt::print(out, "{:<28} {:<6} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", domain, usage, figures.measured,
               share(figures.within_one_cycle, figures.measured), share(figures.within_two_cycles, figures.measured),
               shown(figures.median), shown(figures.p90), shown(figures.p99), shown(figures.worst));
}

void write_histogram(std::ostream& out, const DelayFigures& figures, const config::SyncSettings& sync) {
    const std::uint64_t most = *std::ranges::max_element(figures.histogram);
    for (std::size_t i = 0; i < figures.histogram.size(); ++i) {
        const bool last = i + 1 == figures.histogram.size();
        const Ticks from = Ticks{sync.cycle} * static_cast<std::int64_t>(i) / 4;
        const std::size_t width = most == 0 ? 0 : (figures.histogram[i] * bar_width + most - 1) / most;
        fmt::print(out, "  {} {:>8}  {:<40} {}{}\n", last ? "over" : "from", span_text(from), std::string(width, '#'),
                   figures.histogram[i],
                   i > 0 && i % 4 == 0 ? fmt::format("   <- {} cycle{}", i / 4, i == 4 ? "" : "s") : "");
    }
}

json::value seconds(const std::optional<Ticks>& span) {
    return span ? json::value(std::chrono::duration<double>(*span).count()) : json::value(nullptr);
}

json::object to_json(const DelayFigures& figures) {
    return {{"measured", figures.measured},
            {"exact", figures.exact},
            {"within_one_cycle", figures.within_one_cycle},
            {"within_two_cycles", figures.within_two_cycles},
            {"median_seconds", seconds(figures.median)},
            {"p90_seconds", seconds(figures.p90)},
            {"p99_seconds", seconds(figures.p99)},
            {"worst_seconds", seconds(figures.worst)},
            {"histogram_quarter_cycles", json::array(figures.histogram.begin(), figures.histogram.end())}};
}

json::array to_json(const std::vector<KeyView>& keys) {
    json::array array;
    for (const KeyView& key : keys) {
        array.push_back(daemon::to_json(key));
    }
    return array;
}

// A field that starts like a formula is data all the same: spreadsheets get it quoted behind an apostrophe.
std::string csv_field(std::string_view text) {
    std::string field;
    if (!text.empty() && std::string_view{"=+-@\t\r"}.find(text.front()) != std::string_view::npos) {
        field += '\'';
    }
    field += text;
    if (field.find_first_of(",\"\r\n") == std::string::npos) {
        return field;
    }
    std::string quoted = "\"";
    for (const char c : field) {
        quoted += c == '"' ? std::string{"\"\""} : std::string{c};
    }
    return quoted + '"';
}

std::string findings_field(ldap::KeyFindings findings) {
    std::string names;
    for (std::uint8_t i = 0; i < ldap::key_finding_count; ++i) {
        if (const auto finding = static_cast<ldap::KeyFinding>(i); (findings & ldap::bit(finding)) != 0) {
            names += (names.empty() ? "" : " ") + std::string{ldap::to_string(finding)};
        }
    }
    return names;
}

std::string time_field(const std::optional<Instant>& at) {
    return at ? entra::format_rfc3339(*at) : "";
}

}  // namespace

void write_report_table(std::ostream& out, const ReportData& data, const config::SyncSettings& sync,
                        std::chrono::seconds since, Instant now) {
    fmt::print(out,
               "Keys registered within {}, from registration to write; a cycle is {}, the first has {} of grace\n\n",
               span_text(Ticks{since}), span_text(Ticks{sync.cycle}), span_text(Ticks{sync.grace}));
    fmt::print(out, "{:<28} {:<6} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "domain", "usage", "measured",
               "1 cycle", "2 cycles", "median", "p90", "p99", "worst");
    for (const ReportGroup& group : data.groups) {
        write_row(out, group.domain, group.usage, group.figures);
    }
    write_row(out, "all", "", data.all);
    fmt::print(out,
               "\n{} measured exactly, {} bounded by the last change of the user; {} older keys are not measured\n\n",
               data.all.exact, data.all.measured - data.all.exact, data.history);
    if (data.all.measured > 0) {
        write_histogram(out, data.all, sync);
        fmt::print(out, "\nslowest\n");
        for (const KeyView& key : data.slowest) {
            fmt::print(out, "  {:>9}  {} {:<5}  {}\n", shown(key.delay), entra::format_rfc3339(*key.registered_at, 0),
                       key.usage, printable(name_of(key)));
        }
    }
    fmt::print(out, "\nwaiting: {}\n", data.waiting.size());
    for (const KeyView& key : data.waiting) {
        fmt::print(out, "  {:>9}  {} {:<5}  {}{}\n", span_text(now - *key.registered_at),
                   entra::format_rfc3339(*key.registered_at, 0), key.usage, printable(name_of(key)),
                   key.cause ? fmt::format("  ({})", metrics::cause_labels[static_cast<std::size_t>(*key.cause)]) : "");
    }
    if (!data.suspicious.empty()) {
        fmt::print(out, "\nsuspicious\n");
        for (const auto& [reason, keys] : data.suspicious) {
            fmt::print(out, "  {:<20} {:>6}  {}\n", reason, keys.size(), some_names(keys));
        }
    }
}

void write_report_json(std::ostream& out, const ReportData& data, const config::SyncSettings& sync,
                       std::chrono::seconds since) {
    json::object report;
    report["since_seconds"] = since.count();
    report["cycle_seconds"] = sync.cycle.count();
    report["all"] = to_json(data.all);
    json::array groups;
    for (const ReportGroup& group : data.groups) {
        json::object object = to_json(group.figures);
        object["domain"] = group.domain;
        object["usage"] = group.usage;
        groups.push_back(std::move(object));
    }
    report["groups"] = std::move(groups);
    report["slowest"] = to_json(data.slowest);
    report["waiting"] = to_json(data.waiting);
    report["history"] = data.history;
    json::object suspicious;
    for (const auto& [reason, keys] : data.suspicious) {
        suspicious[reason] = to_json(keys);
    }
    report["suspicious"] = std::move(suspicious);
    fmt::print(out, "{}\n", json::serialize(report));
}

void write_report_csv(std::ostream& out, const ReportData& data) {
    fmt::print(
        out,
        "domain,user,usage,state,registered_at,written_at,delay_seconds,precision,missed_cycles,cause,findings\r\n");
    const auto write = [&](const KeyView& key) {
        fmt::print(out, "{},{},{},{},{},{},{},{},{},{},{}\r\n", csv_field(key.user.domain), csv_field(name_of(key)),
                   key.usage, metrics::state_labels[static_cast<std::size_t>(key.state)], time_field(key.registered_at),
                   time_field(key.written_latest),
                   key.delay ? fmt::format("{:.7f}", std::chrono::duration<double>(*key.delay).count()) : "",
                   key.delay ? metrics::precision_labels[static_cast<std::size_t>(*key.precision)] : "",
                   key.missed_cycles, key.cause ? metrics::cause_labels[static_cast<std::size_t>(*key.cause)] : "",
                   findings_field(key.findings));
    };
    std::ranges::for_each(data.keys, write);
}

}  // namespace keysyncd::daemon
