// Which of a user's keys each authentication method is. Microsoft documents no form of a method's id, so every form
// that could hold a key id is tried; where none does, the time of creation decides, within a tolerance. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "entra/authentication_methods.hpp"

namespace keysyncd::entra {

/// A key as the caller knows it. A registration that has not arrived has no key id yet.
struct KeyEvidence {
    KeyKind kind = KeyKind::ngc;
    std::vector<std::byte> key_id;
    std::optional<Instant> registered_at;
};

enum class MatchedBy : std::uint8_t { key_id, time };

struct MethodMatch {
    std::size_t method = 0;  ///< index
    MatchedBy by = MatchedBy::key_id;
};

/// What a method's id could stand for: UrlToken, base64url, base64 and hex, each where it decodes.
[[nodiscard]] std::vector<std::vector<std::byte>> key_id_readings(std::string_view method_id);

enum class KeyIdReading : std::uint8_t {
    this_key,
    another_key,  ///< it has the size of a key id, and is not this one
    unreadable,   ///< it may stand for any key
};
[[nodiscard]] KeyIdReading read_key_id(std::string_view method_id, std::span<const std::byte> key_id);

/// For each key its method, or none. A method stands for one key at most. Ids go before times; among times the nearest
/// pair goes first; a method whose id reads as another key's (32 bytes) is never matched by time to a key with an id.
[[nodiscard]] std::vector<std::optional<MethodMatch>> match_methods(std::span<const KeyEvidence> keys,
                                                                    std::span<const AuthenticationMethod> methods,
                                                                    Ticks tolerance = std::chrono::seconds{2});

}  // namespace keysyncd::entra
