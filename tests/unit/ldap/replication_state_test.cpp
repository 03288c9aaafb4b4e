#include "ldap/replication_state.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace keysyncd::ldap;

namespace {

Guid guid(int seed) {
    Guid result;
    result.bytes.fill(static_cast<std::byte>(seed));
    return result;
}

std::string number(std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) {
        text.push_back(static_cast<char>(value >> (8 * i)));
    }
    return text;
}

std::string vector_of(std::uint64_t version, const std::vector<std::pair<int, std::uint64_t>>& cursors) {
    std::string text = number(version, 4) + number(0, 4) + number(cursors.size(), 4) + number(0, 4);
    for (const auto& [seed, usn] : cursors) {
        text += std::string(16, static_cast<char>(seed)) + number(usn, 8) + (version == 2 ? number(99, 8) : "");
    }
    return text;
}

std::optional<ReplicationState> parse(const std::string& text) {
    return parse_up_to_date_vector(std::as_bytes(std::span(text)));
}

}  // namespace

TEST_CASE("both versions of the vector") {
    for (const std::uint64_t version : {1U, 2U}) {
        const auto state = parse(vector_of(version, {{1, 5000000000}, {2, 7}}));
        REQUIRE(state);
        CHECK(*state == ReplicationState{{guid(1), 5000000000}, {guid(2), 7}});
    }
    CHECK(parse(vector_of(2, {}))->empty());
}

TEST_CASE("anything else is refused") {
    CHECK_FALSE(parse(""));
    CHECK_FALSE(parse(vector_of(3, {{1, 5}})));
    const auto whole = vector_of(2, {{1, 5}, {2, 6}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(parse(whole.substr(0, size)));
    }
    CHECK_FALSE(parse(whole + "x"));
}

TEST_CASE("a domain controller has caught up when it knows every origin as far as was read") {
    ReplicationState read{{guid(1), 100}};
    merge(read, {{guid(1), 90}, {guid(2), 50}});
    CHECK(read == ReplicationState{{guid(1), 100}, {guid(2), 50}});
    CHECK(covers({{guid(1), 100}, {guid(2), 51}, {guid(3), 1}}, read));
    CHECK_FALSE(covers({{guid(1), 99}, {guid(2), 51}}, read));
    CHECK_FALSE(covers({{guid(1), 100}}, read));
    CHECK(covers({}, {}));
}
