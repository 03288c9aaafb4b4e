// A decoded key credential for people and for programs. Pure. JSON: one object on one line, the fields of the contract.
#pragma once

#include <string>

#include "daemon/decode/decode_value.hpp"

namespace keysyncd::daemon {

/// Ends with a line feed.
[[nodiscard]] std::string to_json_line(const DecodedValue& value);

/// Several lines, `number` in the first. Ends with a line feed.
[[nodiscard]] std::string to_text(const DecodedValue& value, std::size_t number);

}  // namespace keysyncd::daemon
