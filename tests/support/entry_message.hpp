// A search entry as it arrives: bytes in, libldap's message out, through a socket pair as from a server.
#pragma once

#include <ldap.h>

#include <memory>
#include <string_view>

namespace keysyncd::testing {

class EntryMessage {
  public:
    /// `entry`: what SearchResultEntry holds (RFC 4511 4.5.2): the name, then the list of attributes.
    explicit EntryMessage(std::string_view entry);
    ~EntryMessage();
    EntryMessage(const EntryMessage&) = delete;
    EntryMessage& operator=(const EntryMessage&) = delete;

    [[nodiscard]] LDAP* handle() const noexcept { return handle_.get(); }
    /// nullptr: libldap took it for no message.
    [[nodiscard]] LDAPMessage* message() const noexcept { return message_.get(); }

  private:
    struct Unbind {
        void operator()(LDAP* handle) const noexcept { ldap_unbind_ext(handle, nullptr, nullptr); }
    };
    struct Free {
        void operator()(LDAPMessage* message) const noexcept { ldap_msgfree(message); }
    };
    int peer_ = -1;
    std::unique_ptr<LDAP, Unbind> handle_;
    std::unique_ptr<LDAPMessage, Free> message_;
};

}  // namespace keysyncd::testing
