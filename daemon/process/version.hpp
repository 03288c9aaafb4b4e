// Which keysyncd this is.
#pragma once

#include <string_view>

namespace keysyncd::daemon {

[[nodiscard]] std::string_view version() noexcept;
[[nodiscard]] std::string_view revision() noexcept;
[[nodiscard]] std::string_view compiler() noexcept;

}  // namespace keysyncd::daemon
