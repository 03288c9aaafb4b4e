// Answers of the API as JSON text: the views of daemon/view_json.hpp, with names in the form that privacy.user_names
// asks for and always in valid UTF-8. deploy/openapi.yaml describes them. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "daemon/view/key_view.hpp"

namespace keysyncd::daemon {

enum class NameForm : std::uint8_t { full, hashed };

/// What may be shown of a user. Identifiers are as good as names for whoever has a directory at hand: in the hashed
/// form they are empty, and names are digests.
[[nodiscard]] UserName shown_name(const UserName& user, NameForm names);

[[nodiscard]] std::string to_json_text(const KeyPage& page, NameForm names);
[[nodiscard]] std::string to_json_text(std::span<const UserView> users, NameForm names);
[[nodiscard]] std::string to_json_text(std::span<const CycleView> cycles);
[[nodiscard]] std::string error_json(std::string_view message);

}  // namespace keysyncd::daemon
