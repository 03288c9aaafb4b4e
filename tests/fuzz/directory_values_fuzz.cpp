// Small values of a directory entry: SIDs, GUIDs, times, security descriptors.
#include "ldap/guid.hpp"
#include "ldap/security_descriptor.hpp"
#include "ldap/sid.hpp"
#include "ldap/windows_time.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace keysyncd;
using keysyncd::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = fuzz::bytes_of(data, size);
    const auto text = fuzz::text_of(data, size);
    if (const auto sid = ldap::Sid::from_bytes(bytes)) {
        require(ldap::Sid::parse(sid->to_string()) == *sid, "a SID's text is the SID");
    }
    if (const auto sid = ldap::Sid::parse(text)) {
        require(ldap::Sid::from_bytes(sid->to_bytes()) == *sid, "a SID's bytes are the SID");
    }
    if (const auto guid = ldap::Guid::parse(text)) {
        require(ldap::Guid::parse(guid->to_string()) == *guid, "a GUID's text is the GUID");
    }
    static_cast<void>(ldap::parse_generalized_time(text));
    static_cast<void>(ldap::parse_xml_time(text));
    static_cast<void>(ldap::parse_dacl(bytes));
    return 0;
}
