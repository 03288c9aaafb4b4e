// The token endpoint's errors: Microsoft's AADSTS code, and what an administrator does about it
// (learn.microsoft.com/entra/identity-platform/reference-error-codes). Pure.
#pragma once

#include <string>
#include <string_view>

#include "entra/graph_error.hpp"

namespace keysyncd::entra {

/// An answer of the token endpoint that is not 200.
[[nodiscard]] GraphError token_error(int status, std::string_view body);

/// "" for codes without advice of their own. `code` without the AADSTS prefix.
[[nodiscard]] std::string_view token_error_mend(std::string_view code) noexcept;

}  // namespace keysyncd::entra
