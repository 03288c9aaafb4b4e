#include "ldap/metadata_join.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace keysyncd;
using keysyncd::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto row = ldap::parse_metadata_binary(fuzz::bytes_of(data, size));
    if (!row) {
        require(row.error().offset <= size && !row.error().detail.empty(), "a failure has its place and words");
        return 0;
    }
    require(!row->value || row->value->size() <= size, "a value lies in the row");
    const auto join = ldap::join_metadata({}, ldap::KeySet::whole, std::span{&*row, 1}, fuzz::now);
    require(join.keys_without_row == 0 && join.ended.size() + join.rows_without_key <= 1, "one row joins at most once");
    return 0;
}
