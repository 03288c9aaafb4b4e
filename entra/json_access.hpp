// Members of a JSON object from outside, by name and kind: what is absent, null or of another kind is simply not there.
// Pure. Boost.JSON bounds the depth of what it parses (32).
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string_view>

namespace keysyncd::entra {

/// Empty when absent, null or no string.
[[nodiscard]] std::string_view string_member(const boost::json::object& object, std::string_view name) noexcept;
[[nodiscard]] const boost::json::object* object_member(const boost::json::object& object,
                                                       std::string_view name) noexcept;
[[nodiscard]] const boost::json::array* array_member(const boost::json::object& object, std::string_view name) noexcept;
[[nodiscard]] std::optional<bool> bool_member(const boost::json::object& object, std::string_view name) noexcept;

}  // namespace keysyncd::entra
