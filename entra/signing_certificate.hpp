// A client certificate with its private key, from PEM or PKCS#12 files, checked: RSA, the two belong together, in date.
// Blocking file reads; one worker thread.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <cstddef>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "config/settings.hpp"

namespace keysyncd::entra {

struct KeyDeleter {
    void operator()(EVP_PKEY* key) const noexcept;
};
using PrivateKey = std::unique_ptr<EVP_PKEY, KeyDeleter>;

struct SigningCertificate {
    PrivateKey key;
    std::vector<std::byte> der;  ///< of the certificate
    std::chrono::sys_seconds not_before;
    std::chrono::sys_seconds not_after;
};

/// The error names the file, what is wrong and how to mend it; never the contents.
[[nodiscard]] std::expected<SigningCertificate, std::string> load_signing_certificate(
    const config::ClientCertificate& files);

}  // namespace keysyncd::entra
