// The low-level functions are deprecated since OpenSSL 3.0 and there in all of it. The ones in their place load every
// algorithm of the default provider first: two megabytes of a daemon that needs this one.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ldap/sha256.hpp"

#include <openssl/sha.h>

namespace keysyncd::ldap {

Sha256Digest sha256(std::span<const std::byte> bytes) noexcept {
    SHA256_CTX context;
    Sha256Digest digest;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes.data(), bytes.size());
    SHA256_Final(reinterpret_cast<unsigned char*>(digest.data()), &context);
    return digest;
}

}  // namespace keysyncd::ldap
