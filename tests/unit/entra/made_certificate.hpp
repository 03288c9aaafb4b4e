// Self-signed certificates for tests, made with OpenSSL: in PEM and PKCS#12 files of a folder that goes away.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace keysyncd::entra::testing {

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "keysyncd-entra-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        path = pattern;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() { std::filesystem::remove_all(path); }

    [[nodiscard]] std::filesystem::path write(const std::string& name, std::string_view text) const {
        const auto file = path / name;
        std::ofstream(file, std::ios::binary) << text;
        std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        return file;
    }

    std::filesystem::path path;
};

struct File {
    explicit File(const std::filesystem::path& path) : handle(std::fopen(path.c_str(), "wb")) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { std::fclose(handle); }
    std::FILE* handle;
};

/// Valid from `from` to `to` seconds from now.
class MadeCertificate {
  public:
    explicit MadeCertificate(long from = -60, long to = 86400, bool elliptic = false)
        : key_(elliptic ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048)), certificate_(X509_new()) {
        ASN1_INTEGER_set(X509_get_serialNumber(certificate_.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate_.get()), from);
        X509_gmtime_adj(X509_getm_notAfter(certificate_.get()), to);
        X509_set_pubkey(certificate_.get(), key_.get());
        X509_NAME* name = X509_get_subject_name(certificate_.get());
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
        X509_set_issuer_name(certificate_.get(), name);
        X509_sign(certificate_.get(), key_.get(), EVP_sha256());
    }

    void write_certificate(const std::filesystem::path& path) const {
        PEM_write_X509(File(path).handle, certificate_.get());
    }
    void write_key(const std::filesystem::path& path, const char* password = nullptr) const {
        PEM_write_PrivateKey(File(path).handle, key_.get(), password == nullptr ? nullptr : EVP_aes_256_cbc(), nullptr,
                             0, nullptr, const_cast<char*>(password));
    }
    void write_both(const std::filesystem::path& path) const {
        const File file(path);
        PEM_write_PrivateKey(file.handle, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
        PEM_write_X509(file.handle, certificate_.get());
    }
    void write_pkcs12(const std::filesystem::path& path, const char* password) const {
        PKCS12* store = PKCS12_create(password, "test", key_.get(), certificate_.get(), nullptr, 0, 0, 0, 0, 0);
        i2d_PKCS12_fp(File(path).handle, store);
        PKCS12_free(store);
    }
    [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }

  private:
    struct Deleter {
        void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
        void operator()(X509* certificate) const { X509_free(certificate); }
    };
    std::unique_ptr<EVP_PKEY, Deleter> key_;
    std::unique_ptr<X509, Deleter> certificate_;
};

}  // namespace keysyncd::entra::testing
