#include "daemon/command/progress_line.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "daemon/text/span_text.hpp"

namespace keysyncd::daemon {
namespace {

constexpr std::size_t bar_width = 24;
constexpr std::chrono::milliseconds between_lines{200};

}  // namespace

std::string progress_text(std::string_view source, std::uint64_t done, std::optional<std::uint64_t> expected,
                          std::chrono::duration<double> elapsed) {
    if (done == 0) {
        return fmt::format("reading {} ...", source);
    }
    const double rate = static_cast<double>(done) / std::max(elapsed.count(), 0.001);
    if (!expected || *expected < done) {
        return fmt::format("reading {}: {} users, {:.0f} a second", source, done, rate);
    }
    const std::size_t filled = *expected == 0 ? 0 : static_cast<std::size_t>(done * bar_width / *expected);
    const auto left = std::chrono::duration_cast<ldap::Ticks>(
        std::chrono::duration<double>(static_cast<double>(*expected - done) / rate));
    return fmt::format("reading {} [{:<{}}] {} of about {} users, {:.0f} a second, {} left", source,
                       std::string(filled, '#'), bar_width, done, *expected, rate, span_text(left));
}

ProgressLine::ProgressLine(std::ostream& err, std::optional<std::uint64_t> expected)
    : err_(err), shown_(isatty(STDERR_FILENO) == 1), expected_(expected) {}

ProgressLine::~ProgressLine() {
    if (shown_) {
        fmt::print(err_, "\r\x1b[K");
        err_.flush();
    }
}

void ProgressLine::show(std::string_view source, std::uint64_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || (last_ && source == source_ && now - *last_ < between_lines)) {
        return;
    }
    source_ = source;
    last_ = now;
    fmt::print(err_, "\r\x1b[K{}", progress_text(source, done, expected_, now - start_));
    err_.flush();
}

}  // namespace keysyncd::daemon
