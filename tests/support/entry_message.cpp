#include "tests/support/entry_message.hpp"

#include <openldap.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>

#include "tests/support/ber_builder.hpp"

namespace keysyncd::testing {
namespace {

constexpr unsigned char sequence = 0x30;
constexpr unsigned char search_result_entry = 0x64;  // [APPLICATION 4]

}  // namespace

EntryMessage::EntryMessage(std::string_view entry) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) {
        throw std::runtime_error("no socket pair");
    }
    peer_ = ends[1];
    LDAP* raw = nullptr;
    if (ldap_init_fd(ends[0], LDAP_PROTO_TCP, "ldap://standin.test", &raw) != LDAP_SUCCESS) {
        throw std::runtime_error("libldap does not take the socket");
    }
    handle_.reset(raw);
    const int version = LDAP_VERSION3;
    ldap_set_option(raw, LDAP_OPT_PROTOCOL_VERSION, &version);
    int id = 0;
    if (ldap_search_ext(raw, "", LDAP_SCOPE_BASE, "(objectClass=*)", nullptr, 0, nullptr, nullptr, nullptr, 0, &id) !=
        LDAP_SUCCESS) {
        throw std::runtime_error("libldap sends no search");
    }
    const std::string answer = ber_element(
        sequence, ber_element(0x02, std::string(1, static_cast<char>(id))) + ber_element(search_result_entry, entry));
    if (send(ends[1], answer.data(), answer.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(answer.size())) {
        throw std::runtime_error("the answer does not fit into the socket");
    }
    shutdown(ends[1], SHUT_WR);  // nothing more comes; libldap's last words must still find somebody
    LDAPMessage* message = nullptr;
    timeval patience{.tv_sec = 10, .tv_usec = 0};
    if (ldap_result(raw, id, LDAP_MSG_ONE, &patience, &message) == LDAP_RES_SEARCH_ENTRY) {
        message_.reset(message);
    } else if (message != nullptr) {
        ldap_msgfree(message);
    }
}

EntryMessage::~EntryMessage() {
    message_.reset();
    handle_.reset();
    close(peer_);
}

}  // namespace keysyncd::testing
