#include "daemon/command/verdicts.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <ostream>

#include "entra/graph_time.hpp"

namespace keysyncd::daemon {
namespace {

constexpr std::chrono::seconds largest_sound_offset{5};
constexpr std::chrono::days expiry_warning{14};

}  // namespace

void Verdicts::line(std::string_view verdict, std::string_view what, std::string_view detail) {
    fmt::print(out_, "{:<4} {}: {}\n", verdict, what, detail);
    out_.flush();
}

void tell_expiry(Verdicts& verdicts, const std::string& what, std::chrono::sys_seconds not_after, ldap::Instant now) {
    const std::string text = "the certificate is valid until " + entra::format_rfc3339(not_after, 0);
    if (not_after - std::chrono::floor<std::chrono::seconds>(now) < expiry_warning) {
        verdicts.warn(what, text + ": renew it");
    } else {
        verdicts.ok(what, text);
    }
}

void tell_offset(Verdicts& verdicts, const std::string& what, std::chrono::nanoseconds offset) {
    const std::string text =
        fmt::format("the clock is {:+.1f} s from ours", std::chrono::duration<double>(offset).count());
    if (std::chrono::abs(offset) > largest_sound_offset) {
        verdicts.warn(what, text + ": check both against their time source (chronyc tracking, w32tm /query /status)");
    } else {
        verdicts.ok(what, text);
    }
}

}  // namespace keysyncd::daemon
