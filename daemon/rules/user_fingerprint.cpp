#include "daemon/rules/user_fingerprint.hpp"

#include <bit>
#include <cstring>
#include <string_view>

namespace keysyncd::daemon {
namespace {

// splitmix64's finalizer: every input bit reaches every output bit.
constexpr std::uint64_t mix(std::uint64_t value) noexcept {
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
}

std::uint64_t add(std::uint64_t hash, std::string_view text) noexcept {
    hash = mix(hash ^ text.size());
    while (text.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), sizeof word);
        hash = mix(hash ^ word);
        text.remove_prefix(sizeof word);
    }
    std::uint64_t tail = 0;
    std::memcpy(&tail, text.data(), text.size());
    return mix(hash ^ tail);
}

static_assert(std::endian::native == std::endian::little, "stored fingerprints are of little-endian words");

}  // namespace

std::int64_t fingerprint(const ldap::DirectoryUser& user) noexcept {
    std::uint64_t values = 0;
    for (const ldap::DirectoryKey& key : user.keys) {
        values += mix(key.value_hash);
    }
    for (const ldap::MalformedValue& value : user.malformed) {
        values += mix(value.value_hash ^ 1U);
    }
    std::uint64_t hash = mix(values ^ user.object_sid.rid());
    hash = add(hash, user.dn);
    hash = add(hash, user.user_principal_name);
    hash = add(hash, user.sam_account_name);
    if (user.consistency_guid) {
        hash = add(hash, {reinterpret_cast<const char*>(user.consistency_guid->bytes.data()), 16});
    }
    hash = mix(hash ^ (user.protected_account ? 1U : 0U) ^ (user.disabled ? 2U : 0U) ^ (user.deleted ? 4U : 0U));
    return std::bit_cast<std::int64_t>(hash | 1U);  // 0 means "compare"
}

}  // namespace keysyncd::daemon
