#include "daemon/text/hashed_name.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <span>

#include "ldap/hex.hpp"

namespace keysyncd::daemon {

std::string hashed_name(std::string_view name) {
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(lower.data()), lower.size(), digest.data());
    return "sha256:" + ldap::encode_hex(std::as_bytes(std::span(digest).first(8)));
}

}  // namespace keysyncd::daemon
