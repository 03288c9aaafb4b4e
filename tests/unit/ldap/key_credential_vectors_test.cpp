// Real values with what an independent decoder read from them; run where the shared data are at hand.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "ldap/dn_binary.hpp"
#include "ldap/hex.hpp"
#include "ldap/key_credential.hpp"

namespace ldap = keysyncd::ldap;
namespace json = boost::json;

namespace {

const std::filesystem::path vectors = KEYSYNCD_SOURCE_DIR "/../shared/data/key_credentials.json";

std::string text_of(const json::value& value) {
    return value.is_null() ? "null" : std::string{value.as_string()};
}

std::string rfc3339(ldap::Instant at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const auto ticks = (at - day).count();
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%07dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(ticks / 36'000'000'000), static_cast<int>(ticks / 600'000'000 % 60),
                  static_cast<int>(ticks / 10'000'000 % 60), static_cast<int>(ticks % 10'000'000));
    return text;
}

void check(const ldap::KeyCredential& key, const json::object& expected) {
    CHECK(key.version == std::stoul(text_of(expected.at("version")), nullptr, 16));
    CHECK(key.blob_bytes == json::value_to<std::size_t>(expected.at("blob_bytes")));
    const auto& order = expected.at("entry_order").as_array();
    REQUIRE(key.entries.size() == order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        CHECK(key.entries[i].id == order[i].to_number<int>());
        const auto& length = expected.at("entry_lengths").at(std::to_string(key.entries[i].id));
        CHECK(key.entries[i].length == length.to_number<int>());
    }
    CHECK(ldap::encode_hex(key.key_id) == text_of(expected.at("key_id")));
    CHECK(key.key_id_is_sha256_of_material == expected.at("key_id_is_sha256_of_material").as_bool());
    CHECK(key.key_hash_valid == expected.at("key_hash_valid").as_bool());
    CHECK(to_string(key.material_format) == text_of(expected.at("material_format")));
    CHECK(key.material_bytes == json::value_to<std::size_t>(expected.at("material_bytes")));
    CHECK(to_string(key.usage) == text_of(expected.at("usage")));
    CHECK(to_string(key.source) == text_of(expected.at("source")));
    CHECK((key.device_id ? key.device_id->to_string() : "null") == text_of(expected.at("device_id")));
    CHECK((key.custom_key_information ? ldap::encode_hex(*key.custom_key_information) : "null") ==
          text_of(expected.at("custom_key_information")));
    REQUIRE(key.created_at);
    CHECK(rfc3339(*key.created_at) == text_of(expected.at("created_at")));
    if (const auto* rsa = expected.if_contains("rsa")) {
        REQUIRE(key.rsa);
        CHECK(key.rsa->bits == rsa->at("bits").to_number<unsigned>());
        CHECK(key.rsa->exponent == rsa->at("e").to_number<unsigned>());
    }
}

}  // namespace

TEST_CASE("real values decode to what is known of them") {
    std::ifstream file{vectors};
    if (!file) {
        MESSAGE("skipped: " << vectors.string() << " is not here");
        return;
    }
    const json::value document = json::parse(std::string{std::istreambuf_iterator<char>{file}, {}});
    for (const auto& vector : document.at("values").as_array()) {
        const std::string name = text_of(vector.at("name"));
        CAPTURE(name);
        const auto value = ldap::parse_dn_binary(text_of(vector.at("value")));
        REQUIRE(value);
        const ldap::Instant now{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
        const auto key = ldap::decode_key_credential(value->binary, now);
        REQUIRE(key);
        check(*key, vector.at("expected").as_object());
        CHECK(key->has(ldap::Anomaly::creation_time_encoding) == name.contains("Impacket"));
    }
}
