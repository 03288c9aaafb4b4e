#include "ldap/metadata_join.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace keysyncd;
using keysyncd::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto row = ldap::parse_metadata_xml(fuzz::text_of(data, size));
    if (!row) {
        require(row.error().offset <= size && !row.error().detail.empty(), "a failure has its place and words");
        return 0;
    }
    require(row->version != 0 && row->last_change_at.has_value(), "a row tells its last write");
    require(!row->value || row->value->size() == row->value_bytes, "a value is as long as the row says");
    static_cast<void>(ldap::join_metadata({}, ldap::KeySet::whole, std::span{&*row, 1}, fuzz::now));
    return 0;
}
