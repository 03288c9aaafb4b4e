// keysyncd explain: everything known about one user's keys, why one is stuck, and when to expect the next write.
// From the directory and Entra themselves; what a running daemon has observed (exact intervals, the real cycle) is
// taken from its ledger where that can be read.
#pragma once

#include <iosfwd>
#include <string>

#include "config/settings.hpp"
#include "daemon/process/clock.hpp"
#include "daemon/view/key_view.hpp"

namespace keysyncd::daemon {

enum class ExplainFormat : std::uint8_t { text, json };

/// The exit code: 0, or 1 where a source could not be read or the user was not found.
[[nodiscard]] int run_explain(const config::Settings& settings, const std::string& user, ExplainFormat format,
                              std::ostream& out, std::ostream& err, const Clock& clock);

/// One user in words.
void write_explanation(std::ostream& out, const UserView& user, const config::Settings& settings, Instant now);

/// The names of the domains, for people.
[[nodiscard]] std::string domains_asked(const config::Settings& settings);

/// What the ledger saw happen is better than what one look can tell: keys it knows replace those of the look, and those
/// that were registered before Entra's memory begins are added.
void merge_observed(UserView& looked_at, const UserView& observed);

}  // namespace keysyncd::daemon
