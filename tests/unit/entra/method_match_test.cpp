#include "entra/method_match.hpp"

#include <doctest/doctest.h>

#include "entra/base64.hpp"

namespace entra = keysyncd::entra;
using namespace std::chrono_literals;

namespace {

std::vector<std::byte> key_id(unsigned char first, std::size_t size = 32) {
    std::vector<std::byte> id(size, std::byte{0xFB});
    id[0] = std::byte{first};
    return id;
}

std::string hex(const std::vector<std::byte>& bytes) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    for (const std::byte b : bytes) {
        text += digits[std::to_integer<unsigned>(b) >> 4U];
        text += digits[std::to_integer<unsigned>(b) & 0xFU];
    }
    return text;
}

const entra::Instant noon = *entra::parse_rfc3339("2026-01-09T12:00:00Z");

entra::AuthenticationMethod method(std::string id, std::chrono::nanoseconds after = 0ns,
                                   entra::KeyKind kind = entra::KeyKind::ngc) {
    return {.kind = kind,
            .id = std::move(id),
            .created_at = noon + std::chrono::duration_cast<entra::Ticks>(after),
            .strength = {}};
}

entra::KeyEvidence key(std::vector<std::byte> id, std::chrono::nanoseconds after = 0ns,
                       entra::KeyKind kind = entra::KeyKind::ngc) {
    return {
        .kind = kind, .key_id = std::move(id), .registered_at = noon + std::chrono::duration_cast<entra::Ticks>(after)};
}

}  // namespace

TEST_CASE("method match: a key id in each form, whatever the time says") {
    const auto id = key_id(7);
    for (const std::string& form :
         {entra::encode_url_token(id), entra::encode_base64url(id), entra::encode_base64(id), hex(id)}) {
        CAPTURE(form);
        const std::vector<entra::AuthenticationMethod> methods{method("other"), method(form, 24h)};
        const std::vector<entra::KeyEvidence> keys{key(id)};
        const auto matches = entra::match_methods(keys, methods);
        REQUIRE(matches[0].has_value());
        CHECK(matches[0]->method == 1);
        CHECK(matches[0]->by == entra::MatchedBy::key_id);
    }
}

TEST_CASE("method match: FIDO ids of any length, and kinds never mixed") {
    const auto id = key_id(7, 16);
    const std::vector<entra::AuthenticationMethod> methods{
        method(entra::encode_url_token(id), 0ns, entra::KeyKind::ngc),
        method(entra::encode_url_token(id), 0ns, entra::KeyKind::fido)};
    const std::vector<entra::KeyEvidence> keys{key(id, 0ns, entra::KeyKind::fido)};
    CHECK(entra::match_methods(keys, methods)[0]->method == 1);
}

TEST_CASE("method match: by time where ids say nothing, the nearest pair first, each method once") {
    const std::vector<entra::AuthenticationMethod> methods{method("b5e01f81-1f81-b5e0-811f-e0b5811fe0b5", 0s),
                                                           method("opaque", 1500ms)};
    const std::vector<entra::KeyEvidence> keys{key({}, 1400ms), key({}, 1300ms), key({}, 5s)};
    const auto matches = entra::match_methods(keys, methods);
    REQUIRE(matches[0].has_value());
    CHECK(matches[0]->method == 1);
    CHECK(matches[0]->by == entra::MatchedBy::time);
    REQUIRE(matches[1].has_value());
    CHECK(matches[1]->method == 0);
    CHECK_FALSE(matches[2].has_value());
}

TEST_CASE("method match: an id that reads as another key's is not that key, however near the time") {
    const std::vector<entra::AuthenticationMethod> methods{method(entra::encode_url_token(key_id(1)))};
    const std::vector<entra::KeyEvidence> known{key(key_id(2))};
    CHECK_FALSE(entra::match_methods(known, methods)[0].has_value());
    const std::vector<entra::KeyEvidence> pending{key({})};
    CHECK(entra::match_methods(pending, methods)[0].has_value());
}

TEST_CASE("method match: nothing to go by") {
    auto undated = method("x");
    undated.created_at.reset();
    const std::vector<entra::AuthenticationMethod> methods{undated};
    entra::KeyEvidence unknown = key(key_id(1));
    unknown.registered_at.reset();
    const std::vector<entra::KeyEvidence> keys{unknown, key({})};
    const auto matches = entra::match_methods(keys, methods);
    CHECK_FALSE(matches[0].has_value());
    CHECK_FALSE(matches[1].has_value());
    CHECK(entra::match_methods({}, methods).empty());
    CHECK_FALSE(entra::match_methods(keys, {})[0].has_value());
}

TEST_CASE("authentication methods: what Graph answers") {
    const auto read =
        entra::read_methods(R"({"value":[{"@odata.type":"#microsoft.graph.windowsHelloForBusinessAuthenticationMethod",
        "id":"abc","displayName":null,"createdDateTime":"2020-11-27T23:12:49Z","keyStrength":"normal"},{"id":"def","createdDateTime":null}]})",
                            entra::KeyKind::ngc);
    REQUIRE(read.has_value());
    REQUIRE(read->size() == 2);
    CHECK((*read)[0].id == "abc");
    CHECK((*read)[0].created_at == entra::parse_rfc3339("2020-11-27T23:12:49Z"));
    CHECK((*read)[0].strength == "normal");
    CHECK_FALSE((*read)[1].created_at.has_value());
    for (const std::string_view bad : {"", "{}", R"({"value":{}})", R"({"value":[1]})", R"({"value":[{}]})"}) {
        CAPTURE(bad);
        CHECK_FALSE(entra::read_methods(bad, entra::KeyKind::ngc).has_value());
    }
    CHECK(entra::methods_path("a@b", entra::KeyKind::ngc) ==
          "/users/a%40b/authentication/windowsHelloForBusinessMethods");
    CHECK(entra::methods_path("u", entra::KeyKind::fido) == "/users/u/authentication/fido2Methods");
}
