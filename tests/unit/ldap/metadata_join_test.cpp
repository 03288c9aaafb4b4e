#include "ldap/metadata_join.hpp"

#include <doctest/doctest.h>

#include "ldap/key_value.hpp"
#include "tests/support/replication_metadata_builder.hpp"

namespace ldap = keysyncd::ldap;
using namespace keysyncd::testing;
using namespace std::chrono_literals;
using ldap::KeySet;

namespace {

const ldap::Instant now{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}};
const ldap::Instant at{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 1h + 42min + 54s};

Bytes value(std::uint32_t seed) {
    return KeyCredentialBuilder{seed}.build();
}

std::vector<ldap::DirectoryKey> keys_of(std::initializer_list<std::uint32_t> seeds) {
    std::vector<ldap::DirectoryKey> keys;
    for (const std::uint32_t seed : seeds) {
        keys.push_back(ldap::decode_key_blob(value(seed), now).value());
    }
    return keys;
}

ldap::ValueMetadata without_bytes(ldap::ValueMetadata row) {
    row.value.reset();
    return row;
}

}  // namespace

TEST_CASE("each key gets the write of the row with its bytes, whatever the order") {
    auto keys = keys_of({1, 2, 3});
    const std::vector rows{live_row(value(3), at + 3s), live_row(value(1), at + 1s), live_row(value(2), at + 2s)};
    const auto join = ldap::join_metadata(keys, KeySet::whole, rows, now);
    CHECK(join.keys_without_row == 0);
    CHECK(join.rows_without_key == 0);
    CHECK(join.ended.empty());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        REQUIRE(keys[i].write);
        CHECK((keys[i].write->at == at + std::chrono::seconds{i + 1}));
        CHECK(keys[i].write->version == 1);
        CHECK(keys[i].write->originating_invocation_id == rows[0].originating_invocation_id);
    }
}

TEST_CASE("a re-added value tells its last write, its first, and its version") {
    auto keys = keys_of({1});
    ldap::ValueMetadata row = live_row(value(1), at);
    row.version = 3;
    row.last_change_at = at + 3600s;
    static_cast<void>(ldap::join_metadata(keys, KeySet::whole, std::span{&row, 1}, now));
    REQUIRE(keys[0].write);
    CHECK((keys[0].write->at == at + 3600s));
    CHECK((keys[0].write->first_at == at));
    CHECK(keys[0].write->version == 3);
}

TEST_CASE("deleted rows give no write; what they held is told as ended") {
    auto keys = keys_of({1});
    ldap::ValueMetadata row = live_row(value(2), at);
    row.version = 2;
    row.deleted_at = at + 120s;
    row.last_change_at = at + 120s;
    const std::vector rows{live_row(value(1), at), row};
    const auto join = ldap::join_metadata(keys, KeySet::whole, rows, now);
    REQUIRE(join.ended.size() == 1);
    CHECK(join.ended[0].key_id == keys_of({2})[0].key_id);
    CHECK((join.ended[0].added_at == at));
    CHECK((join.ended[0].removed_at == at + 120s));
    CHECK(join.ended[0].version == 2);
    CHECK(join.rows_without_key == 0);
}

TEST_CASE("a deleted row of a value that is live again is not told as ended") {
    auto keys = keys_of({1});
    ldap::ValueMetadata row = live_row(value(1), at);
    row.deleted_at = at + 120s;
    const auto join = ldap::join_metadata(keys, KeySet::whole, std::span{&row, 1}, now);
    CHECK(join.ended.empty());
    CHECK(join.keys_without_row == 1);
    CHECK(!keys[0].write);
}

TEST_CASE("a deleted row whose value does not decode is passed over") {
    ldap::ValueMetadata row = live_row(bytes_of("nothing of a key"), at);
    row.deleted_at = at + 120s;
    CHECK(ldap::join_metadata({}, KeySet::whole, std::span{&row, 1}, now).ended.empty());
}

TEST_CASE("live rows without a key, and keys without a row, are counted") {
    auto keys = keys_of({1, 2});
    const std::vector rows{live_row(value(1), at), live_row(value(9), at)};
    const auto join = ldap::join_metadata(keys, KeySet::whole, rows, now);
    CHECK(join.rows_without_key == 1);
    CHECK(join.keys_without_row == 1);
    CHECK(keys[0].write);
    CHECK(!keys[1].write);
}

TEST_CASE("rows of other attributes are passed over") {
    auto keys = keys_of({1});
    ldap::ValueMetadata row = live_row(value(1), at);
    row.attribute = "msDS-KeyCredentialLink-Other";
    CHECK(ldap::join_metadata(keys, KeySet::whole, std::span{&row, 1}, now).keys_without_row == 1);
    row.attribute = "MSDS-keycredentiallink";
    CHECK(ldap::join_metadata(keys, KeySet::whole, std::span{&row, 1}, now).keys_without_row == 0);
}

TEST_CASE("rows without bytes are joined by size only where that leaves no doubt") {
    auto keys = keys_of({1});
    const Bytes larger = KeyCredentialBuilder{2}.entry(7, from_hex("010000000000")).build();
    keys.push_back(ldap::decode_key_blob(larger, now).value());
    SUBCASE("one key and one row of each size") {
        const std::vector rows{without_bytes(live_row(larger, at + 2s)), without_bytes(live_row(value(1), at + 1s))};
        CHECK(ldap::join_metadata(keys, KeySet::whole, rows, now).keys_without_row == 0);
        CHECK((keys[0].write->at == at + 1s));
        CHECK((keys[1].write->at == at + 2s));
    }
    SUBCASE("two rows of one size") {
        const std::vector rows{without_bytes(live_row(value(1), at)), without_bytes(live_row(value(3), at))};
        const auto join = ldap::join_metadata(keys, KeySet::whole, rows, now);
        CHECK(join.keys_without_row == 2);
        CHECK(join.rows_without_key == 2);
    }
    SUBCASE("two keys of one size") {
        keys.push_back(keys_of({4})[0]);
        const std::vector rows{without_bytes(live_row(value(1), at))};
        CHECK(ldap::join_metadata(keys, KeySet::whole, rows, now).keys_without_row == 3);
    }
    SUBCASE("not the whole set of keys") {
        const std::vector rows{without_bytes(live_row(value(1), at))};
        CHECK(ldap::join_metadata(keys, KeySet::incremental, rows, now).keys_without_row == 2);
    }
}
