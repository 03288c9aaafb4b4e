// What to say about a key that a configuration file should not hold: the known key that is nearest, or, for the names
// that operators give to secrets, where a secret belongs. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace keysyncd::config {

/// The name within two slips (a third of its length at most) of `word`; empty where none is.
[[nodiscard]] std::string_view nearest_name(std::string_view word, std::span<const std::string_view> names);

/// Is this a name for a secret itself: password, client_secret, api_token, passphrase, ...; but not password_file.
[[nodiscard]] bool names_a_secret(std::string_view key);

[[nodiscard]] std::string unknown_key_message(std::string_view key, std::span<const std::string_view> known);

}  // namespace keysyncd::config
