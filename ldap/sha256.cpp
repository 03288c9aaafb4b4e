#include "ldap/sha256.hpp"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace keysyncd::ldap {
namespace {

struct FreeDigest {
    void operator()(EVP_MD* digest) const noexcept { EVP_MD_free(digest); }
};
struct FreeContext {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

const EVP_MD* algorithm() {
    // Fetched explicitly: an implicit fetch costs more than hashing a whole key credential.
    static const std::unique_ptr<EVP_MD, FreeDigest> fetched{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    return fetched.get();
}

std::unique_ptr<EVP_MD_CTX, FreeContext> make_context() {
    std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
    if (!context || EVP_DigestInit_ex2(context.get(), algorithm(), nullptr) != 1) {
        throw std::runtime_error{"OpenSSL does not provide SHA-256"};
    }
    return context;
}

}  // namespace

Sha256Digest sha256(std::span<const std::byte> bytes) {
    thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context = make_context();
    Sha256Digest digest;
    // Without a type the context keeps its algorithm and only starts over.
    if (EVP_DigestInit_ex2(context.get(), nullptr, nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) != 1) {
        throw std::runtime_error{"OpenSSL failed to compute SHA-256"};
    }
    return digest;
}

}  // namespace keysyncd::ldap
