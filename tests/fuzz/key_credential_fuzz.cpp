#include "ldap/key_credential.hpp"

#include "ldap/custom_key_information.hpp"
#include "ldap/key_findings.hpp"
#include "ldap/key_value.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace keysyncd;
using keysyncd::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto blob = fuzz::bytes_of(data, size);
    const auto whole = ldap::decode_key_credential(blob, fuzz::now);
    const auto kept = ldap::decode_key_blob(blob, fuzz::now);
    require(whole.has_value() == kept.has_value(), "both ways to decode agree");
    if (!whole) {
        require(whole.error().offset <= size && !whole.error().detail.empty(), "a failure has its place and words");
        return 0;
    }
    require(whole->key_id == kept->key_id && whole->anomalies == kept->anomalies, "both ways tell the same");
    for (const ldap::KeyEntry& entry : whole->entries) {
        require(entry.offset + entry.length <= size, "every entry lies in the blob");
    }
    if (whole->custom_key_information) {
        static_cast<void>(ldap::read_custom_key_information(*whole->custom_key_information));
    }
    static_cast<void>(ldap::find_key_findings(*kept, {}, fuzz::now, {}));
    const auto unhashed = ldap::decode_key_credential(blob, fuzz::now, ldap::HashChecks::off);
    require(unhashed && unhashed->created_at == whole->created_at, "hash checks change nothing else");
    return 0;
}
