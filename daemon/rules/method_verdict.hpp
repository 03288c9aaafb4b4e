// What Entra's list of a user's authentication methods of one kind means for the keys and registrations that we know
// of. Pure. A list is evidence only as far as methods can be told apart: where one might be the key, nothing is
// decided.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/rules/correlation.hpp"
#include "entra/method_match.hpp"

namespace keysyncd::daemon {

/// Inside Entra it takes a while until a new or deleted method shows everywhere.
inline constexpr Ticks entra_settling = std::chrono::minutes{5};

/// A registration that is not in the directory.
struct WaitingRegistration {
    Instant registered_at;
    std::string method_id;  ///< where Entra has shown it before; else empty
};

/// A key in the directory with KeySource AzureAD.
struct WrittenKey {
    std::vector<std::byte> key_id;
    std::optional<Instant> created_at;
    bool news = false;                     ///< it appeared while we looked on, and Entra has not told of it yet
    std::optional<Instant> missing_since;  ///< Entra was asked then, and since, and did not know it
};

/// How well keys in the directory were found in Entra so far, in this tenant. What never worked proves nothing.
enum class MethodProof : std::uint8_t { none = 0, by_time = 1, by_key_id = 2 };

struct MethodView {
    entra::KeyKind kind = entra::KeyKind::ngc;
    std::span<const WaitingRegistration> registrations;
    std::span<const WrittenKey> keys;
    std::span<const entra::AuthenticationMethod> methods;
    std::optional<Instant> last_deletion;  ///< the newest that the directory has not shown yet
    MethodProof proof = MethodProof::none;
};

enum class RegistrationVerdict : std::uint8_t { undecided, known, gone };
enum class KeyVerdict : std::uint8_t {
    undecided,
    known,
    missing,    ///< not shown; may be on its way out: unmatched if that is so for longer
    unmatched,  ///< Entra does not know it
};

struct RegistrationFinding {
    RegistrationVerdict verdict = RegistrationVerdict::undecided;
    std::size_t method = 0;  ///< of a known one
};
struct KeyFinding {
    KeyVerdict verdict = KeyVerdict::undecided;
    entra::MatchedBy by = entra::MatchedBy::key_id;  ///< of a known one
    Instant ask_again;                               ///< of all but known ones
};
struct MethodFindings {
    std::vector<RegistrationFinding> registrations;
    std::vector<KeyFinding> keys;
};

/// `patience`: how long the directory may take to show a deletion in Entra (sync.overdue_after).
[[nodiscard]] MethodFindings judge_methods(const MethodView& view, Instant now, Ticks patience);

/// The registration's method is the key that arrived: nothing is left to ask Entra about it.
[[nodiscard]] bool confirms(const std::string& method_id, Instant registered_at, std::span<const std::byte> key_id,
                            std::optional<Instant> created_at);

}  // namespace keysyncd::daemon
