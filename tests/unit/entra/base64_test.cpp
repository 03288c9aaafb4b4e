#include "entra/base64.hpp"

#include <doctest/doctest.h>

#include <array>

namespace entra = keysyncd::entra;

namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
    std::vector<std::byte> bytes;
    for (const char c : text) {
        bytes.push_back(static_cast<std::byte>(c));
    }
    return bytes;
}

}  // namespace

TEST_CASE("base64: the vectors of RFC 4648 section 10, both ways") {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 7> vectors{{{"", ""},
                                                                                    {"f", "Zg=="},
                                                                                    {"fo", "Zm8="},
                                                                                    {"foo", "Zm9v"},
                                                                                    {"foob", "Zm9vYg=="},
                                                                                    {"fooba", "Zm9vYmE="},
                                                                                    {"foobar", "Zm9vYmFy"}}};
    for (const auto& [plain, text] : vectors) {
        CAPTURE(text);
        CHECK(entra::encode_base64(bytes_of(plain)) == text);
        CHECK(entra::decode_base64(text) == bytes_of(plain));
    }
}

TEST_CASE("base64: anything that is not the one text of its bytes is refused") {
    for (const std::string_view text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", " Zm9v", "Zm-v",
                                        "Zm_v", "Zg==Zg==", "=Zg=", "Zm9vY"}) {
        CAPTURE(text);
        CHECK_FALSE(entra::decode_base64(text).has_value());
    }
}

TEST_CASE("base64url: no padding, its own alphabet") {
    const std::vector<std::byte> bytes{std::byte{0xFB}, std::byte{0xFF}, std::byte{0xFE}, std::byte{0x01}};
    CHECK(entra::encode_base64(bytes) == "+//+AQ==");
    CHECK(entra::encode_base64url(bytes) == "-__-AQ");
    CHECK(entra::decode_base64url("-__-AQ") == bytes);
    CHECK_FALSE(entra::decode_base64url("-__-AQ==").has_value());
    CHECK_FALSE(entra::decode_base64url("+//+AQ").has_value());
    CHECK_FALSE(entra::decode_base64url("-__-AR").has_value());
}

TEST_CASE("UrlToken: .NET's trailing pad count") {
    const std::vector<std::byte> key_id(32, std::byte{0xFB});
    const std::string text = entra::encode_url_token(key_id);
    CHECK(text.size() == 44);
    CHECK(text.back() == '1');
    CHECK(entra::decode_url_token(text) == key_id);
    const auto documented = entra::decode_url_token("_jpuR-TGZtk6aQCLF3BQjA2");
    REQUIRE(documented.has_value());
    CHECK(documented->size() == 16);
    CHECK(entra::decode_url_token("Zm9v0") == bytes_of("foo"));
    CHECK(entra::decode_url_token("") == std::vector<std::byte>{});
    for (const std::string_view bad : {"0", "1", "Zm9v", "Zm9v1", "Zm92", "Zg==2", "_jpuR-TGZtk6aQCLF3BQjA1"}) {
        CAPTURE(bad);
        CHECK_FALSE(entra::decode_url_token(bad).has_value());
    }
}
