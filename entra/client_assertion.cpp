#include "entra/client_assertion.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <array>
#include <boost/json.hpp>
#include <span>
#include <stdexcept>

#include "entra/base64.hpp"

namespace keysyncd::entra {
namespace {

struct ContextDeleter {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

std::string encode(std::string_view text) {
    return encode_base64url(std::as_bytes(std::span{text}));
}

std::string thumbprint(const std::vector<std::byte>& der, const EVP_MD* digest) {
    std::array<std::byte, EVP_MAX_MD_SIZE> hash{};
    unsigned size = 0;
    if (EVP_Digest(der.data(), der.size(), reinterpret_cast<unsigned char*>(hash.data()), &size, digest, nullptr) !=
        1) {
        throw std::runtime_error("OpenSSL can't hash");
    }
    return encode_base64url(std::span{hash}.first(size));
}

std::expected<std::vector<std::byte>, std::string> sign(EVP_PKEY* key, config::AssertionAlgorithm algorithm,
                                                        std::string_view text) {
    const std::unique_ptr<EVP_MD_CTX, ContextDeleter> context{EVP_MD_CTX_new()};
    EVP_PKEY_CTX* options = nullptr;
    bool good = context && EVP_DigestSignInit(context.get(), &options, EVP_sha256(), nullptr, key) == 1;
    if (good && algorithm == config::AssertionAlgorithm::ps256) {
        good = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1;
    }
    std::size_t size = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(text.data());
    good = good && EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) == 1;
    std::vector<std::byte> signature(size);
    good = good && EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                                  text.size()) == 1;
    if (!good) {
        const char* reason = ERR_reason_error_string(ERR_peek_last_error());
        ERR_clear_error();
        return std::unexpected(
            fmt::format("the client assertion can't be signed: {}", reason == nullptr ? "" : reason));
    }
    signature.resize(size);
    return signature;
}

}  // namespace

std::expected<std::string, std::string> sign_assertion(const SigningCertificate& certificate,
                                                       config::AssertionAlgorithm algorithm,
                                                       const AssertionClaims& claims) {
    boost::json::object header{{"typ", "JWT"}};
    if (algorithm == config::AssertionAlgorithm::ps256) {
        header["alg"] = "PS256";
        header["x5t#S256"] = thumbprint(certificate.der, EVP_sha256());
    } else {
        header["alg"] = "RS256";
        header["x5t"] = thumbprint(certificate.der, EVP_sha1());
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(claims.now).time_since_epoch().count();
    const boost::json::object body{{"aud", claims.audience},
                                   {"iss", claims.client_id},
                                   {"sub", claims.client_id},
                                   {"jti", claims.id},
                                   {"nbf", now},
                                   {"iat", now},
                                   {"exp", now + 600}};
    std::string text = encode(boost::json::serialize(header)) + "." + encode(boost::json::serialize(body));
    const auto signature = sign(certificate.key.get(), algorithm, text);
    if (!signature) {
        return std::unexpected(signature.error());
    }
    return text + "." + encode_base64url(*signature);
}

std::string random_id() {
    std::array<unsigned char, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        throw std::runtime_error("OpenSSL has no random numbers");
    }
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x40U);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        text += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
    }
    return text;
}

}  // namespace keysyncd::entra
