// Graph's user entity, with what ties it to Active Directory. Pure: URLs and answers.
#pragma once

#include <boost/json/fwd.hpp>
#include <expected>
#include <string>
#include <string_view>

#include "entra/entra_user.hpp"

namespace keysyncd::entra {

/// "/users/{id}?$select=..." below /v1.0: the on-premises properties are returned only when selected.
[[nodiscard]] std::string user_path(std::string_view id_or_upn);

/// The error says what was expected.
[[nodiscard]] std::expected<EntraUser, std::string> read_user(const boost::json::object& entity);
[[nodiscard]] std::expected<EntraUser, std::string> read_user(std::string_view body);

}  // namespace keysyncd::entra
