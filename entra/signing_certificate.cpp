#include "entra/signing_certificate.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <array>
#include <cstring>
#include <ctime>
#include <optional>

#include "config/secret_file.hpp"

namespace keysyncd::entra {

void KeyDeleter::operator()(EVP_PKEY* key) const noexcept {
    EVP_PKEY_free(key);
}

namespace {

struct BioDeleter {
    void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }
};
struct X509Deleter {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
struct Pkcs12Deleter {
    void operator()(PKCS12* store) const noexcept { PKCS12_free(store); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;
using Certificate = std::unique_ptr<X509, X509Deleter>;
using Pkcs12 = std::unique_ptr<PKCS12, Pkcs12Deleter>;

struct Pair {
    Certificate certificate;
    PrivateKey key;
};

/// OpenSSL's last complaint, and an empty queue afterwards.
std::string complaint() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "unreadable" : reason;
}

int give_password(char* buffer, int size, int, void* context) noexcept {
    const auto& password = *static_cast<const config::Secret*>(context);
    const std::string_view text = password.expose();
    if (size < 0 || text.size() > static_cast<std::size_t>(size)) {
        return -1;
    }
    std::memcpy(buffer, text.data(), text.size());
    return static_cast<int>(text.size());
}

std::expected<Bio, std::string> open(const std::filesystem::path& file) {
    Bio bio{BIO_new_file(file.c_str(), "rb")};
    if (!bio) {
        ERR_clear_error();
        return std::unexpected(fmt::format("{}: can't be read: {}", file.string(), std::strerror(errno)));
    }
    return bio;
}

std::expected<Pair, std::string> load_pem(const config::ClientCertificate& files, config::Secret& password) {
    auto bio = open(files.certificate_file);
    if (!bio) {
        return std::unexpected(std::move(bio.error()));
    }
    Pair pair;
    pair.certificate.reset(PEM_read_bio_X509(bio->get(), nullptr, nullptr, nullptr));
    if (!pair.certificate) {
        return std::unexpected(fmt::format("{}: holds no certificate in PEM or PKCS#12 form: {}",
                                           files.certificate_file.string(), complaint()));
    }
    const auto& key_file = files.key_file.empty() ? files.certificate_file : files.key_file;
    bio = open(key_file);
    if (!bio) {
        return std::unexpected(std::move(bio.error()));
    }
    pair.key.reset(PEM_read_bio_PrivateKey(bio->get(), nullptr, &give_password, &password));
    if (!pair.key) {
        return std::unexpected(fmt::format(
            "{}: holds no private key in PEM form that can be read ({}): is it encrypted, and password_file missing?",
            key_file.string(), complaint()));
    }
    return pair;
}

/// std::nullopt: the file is no PKCS#12.
std::expected<std::optional<Pair>, std::string> load_pkcs12(const std::filesystem::path& file,
                                                            const config::Secret& password) {
    auto bio = open(file);
    if (!bio) {
        return std::unexpected(std::move(bio.error()));
    }
    const Pkcs12 store{d2i_PKCS12_bio(bio->get(), nullptr)};
    if (!store) {
        ERR_clear_error();
        return std::nullopt;
    }
    EVP_PKEY* key = nullptr;
    X509* certificate = nullptr;
    // A Secret ends with NUL. NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage)
    const int parsed = PKCS12_parse(store.get(), password.expose().data(), &key, &certificate, nullptr);
    Pair pair{Certificate{certificate}, PrivateKey{key}};
    if (parsed != 1 || !pair.certificate || !pair.key) {
        return std::unexpected(
            fmt::format("{}: the PKCS#12 store can't be opened: {} (check password_file; a store with "
                        "old ciphers has to be exported again with AES)",
                        file.string(), complaint()));
    }
    return pair;
}

std::expected<std::chrono::sys_seconds, std::string> time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return std::unexpected("the certificate's dates can't be read");
    }
    return std::chrono::sys_seconds{std::chrono::seconds{timegm(&parts)}};
}

std::vector<std::byte> der_of(X509* certificate) {
    const int size = i2d_X509(certificate, nullptr);
    std::vector<std::byte> der(size > 0 ? static_cast<std::size_t>(size) : 0);
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_X509(certificate, &out);
    return der;
}

std::expected<Pair, std::string> load_pair(const config::ClientCertificate& files) {
    config::Secret password;
    if (!files.password_file.empty()) {
        auto read = config::read_secret_file(files.password_file);
        if (!read) {
            return std::unexpected(std::move(read.error()));
        }
        password = std::move(*read);
    }
    auto pkcs12 = load_pkcs12(files.certificate_file, password);
    if (!pkcs12) {
        return std::unexpected(std::move(pkcs12.error()));
    }
    if (*pkcs12) {
        return std::move(**pkcs12);
    }
    return load_pem(files, password);
}

}  // namespace

std::expected<SigningCertificate, std::string> load_signing_certificate(const config::ClientCertificate& files) {
    auto pair = load_pair(files);
    if (!pair) {
        return std::unexpected(std::move(pair.error()));
    }
    const std::string name = files.certificate_file.string();
    if (EVP_PKEY_get_base_id(pair->key.get()) != EVP_PKEY_RSA) {
        return std::unexpected(fmt::format("{}: the key is not RSA, the only kind that Entra ID takes", name));
    }
    if (X509_check_private_key(pair->certificate.get(), pair->key.get()) != 1) {
        ERR_clear_error();
        return std::unexpected(fmt::format("{}: the private key belongs to another certificate", name));
    }
    const auto not_before = time_of(X509_get0_notBefore(pair->certificate.get()));
    const auto not_after = time_of(X509_get0_notAfter(pair->certificate.get()));
    if (!not_before || !not_after) {
        return std::unexpected(fmt::format("{}: {}", name, not_before ? not_after.error() : not_before.error()));
    }
    return SigningCertificate{std::move(pair->key), der_of(pair->certificate.get()), *not_before, *not_after};
}

}  // namespace keysyncd::entra
