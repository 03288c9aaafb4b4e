// A request history as text, for the file that processes share. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "entra/throttle.hpp"

namespace keysyncd::entra {

/// Whose history it is. Monotonic time starts anew with each boot of the machine.
struct HistoryOwner {
    std::string application;
    std::string boot;
};

[[nodiscard]] std::string serialize(const RequestHistory& history, const HistoryOwner& owner);

/// std::nullopt for text that serialize() did not write for this owner. Times that no honest history has at `now` are
/// left out: a file must not silence the daemon for ever.
[[nodiscard]] std::optional<RequestHistory> parse_request_history(std::string_view text, const HistoryOwner& owner,
                                                                  Steady now);

/// Everything that either knows.
[[nodiscard]] RequestHistory joined(const RequestHistory& one, const RequestHistory& other);

}  // namespace keysyncd::entra
