#include "ldap/dn_binary.hpp"

#include "ldap/hex.hpp"
#include "ldap/key_value.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace keysyncd;
using keysyncd::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text_of(data, size);
    static_cast<void>(ldap::decode_key_value(text, fuzz::now));
    const auto value = ldap::parse_dn_binary(text);
    if (!value) {
        require(value.error().offset <= size && !value.error().detail.empty(), "a failure has its place and words");
        return 0;
    }
    const auto again = ldap::parse_dn_binary("B:" + std::to_string(2 * value->binary.size()) + ":" +
                                             ldap::encode_hex(value->binary) + ":" + value->dn);
    require(again && again->binary == value->binary && again->dn == value->dn, "what was read reads the same again");
    return 0;
}
