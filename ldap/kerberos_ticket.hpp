// Kerberos credentials from a keytab, in a memory cache of their own: no kinit, no ticket cache to manage, no
// environment variable. The requests to the KDC, which no descriptor of ours can cut short, run on a thread of their
// own under a deadline; afterwards GSSAPI finds everything in the cache and needs no network but the LDAP connection.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

namespace keysyncd::ldap {

/// Destroys its cache when it goes.
class KerberosTicket {
  public:
    /// A ticket for ldap/`host`. The error says what to mend.
    [[nodiscard]] static std::expected<KerberosTicket, std::string> acquire(const std::string& principal,
                                                                            const std::filesystem::path& keytab,
                                                                            const std::string& host,
                                                                            std::chrono::milliseconds limit,
                                                                            const std::stop_token& stop);

    /// When it runs out; the domain controller then cuts the connection.
    [[nodiscard]] std::chrono::sys_seconds expiry() const noexcept { return expiry_; }
    /// "MEMORY:..."
    [[nodiscard]] const std::string& cache_name() const noexcept { return *cache_name_; }
    /// Makes GSSAPI calls of this thread use it, until another one is used.
    void use_on_this_thread() const;

  private:
    friend struct TicketRequest;
    KerberosTicket(std::shared_ptr<const std::string> cache_name, std::chrono::sys_seconds expiry)
        : cache_name_(std::move(cache_name)), expiry_(expiry) {}
    std::shared_ptr<const std::string> cache_name_;
    std::chrono::sys_seconds expiry_;
};

}  // namespace keysyncd::ldap
