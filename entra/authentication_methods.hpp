// What Entra ID itself says of a user's keys: windowsHelloForBusinessMethods and fido2Methods (Graph v1.0). Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "entra/registration_event.hpp"

namespace keysyncd::entra {

struct AuthenticationMethod {
    KeyKind kind = KeyKind::ngc;
    std::string id;                     ///< of no documented form: see entra/method_match.hpp
    std::optional<Instant> created_at;  ///< whole seconds
    std::string strength;               ///< "normal", "weak", "unknown"; empty for FIDO
};

/// Whether an empty list means "no keys".
enum class MethodsKnowledge : std::uint8_t {
    known,         ///< `methods` is all that there is
    user_unknown,  ///< Entra does not know the user (any more)
    unavailable,   ///< this cloud has no such interface
};

struct UserMethods {
    MethodsKnowledge knowledge = MethodsKnowledge::known;
    std::vector<AuthenticationMethod> methods;
};

/// "/users/{id}/authentication/..." below /v1.0.
[[nodiscard]] std::string methods_path(std::string_view id_or_upn, KeyKind kind);

/// One answer, which has no pages. The error says what was expected.
[[nodiscard]] std::expected<std::vector<AuthenticationMethod>, std::string> read_methods(std::string_view body,
                                                                                         KeyKind kind);

}  // namespace keysyncd::entra
