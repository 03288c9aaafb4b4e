#include "ldap/dirsync_changes.hpp"
#include "ldap/dirsync_control.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace keysyncd;
using keysyncd::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text_of(data, size);
    if (const auto response = ldap::decode_dirsync_response(text)) {
        require(response->cookie.size() <= size, "a cookie lies in the control");
        const auto again = ldap::decode_dirsync_response(ldap::encode_dirsync_response(*response));
        require(again && again->more == response->more && again->cookie == response->cookie,
                "an answer reads the same again");
    }
    if (const auto request = ldap::decode_dirsync_request(text)) {
        const auto again = ldap::decode_dirsync_request(ldap::encode_dirsync_request(*request));
        require(again && again->flags == request->flags && again->most_bytes == request->most_bytes,
                "a request reads the same again");
    }
    // The same bytes as the attribute of an entry: a name up to the first line feed, then its value.
    const std::size_t line = text.find('\n');
    ldap::DirectoryUser user;
    ldap::read_key_changes({.dn = {},
                            .attributes = {{.name = std::string{text.substr(0, line)},
                                            .values = {std::string{line < size ? text.substr(line + 1) : ""}}}}},
                           fuzz::now, user);
    return 0;
}
