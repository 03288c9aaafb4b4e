#include "daemon/decode/decode_command.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "entra/base64.hpp"
#include "ldap/hex.hpp"
#include "tests/support/key_credential_builder.hpp"

namespace json = boost::json;
using namespace keysyncd::testing;
using keysyncd::daemon::DecodeFormat;

namespace {

const keysyncd::ldap::Instant now{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}};

struct Run {
    int exit_code = 0;
    std::string out;
    std::string err;

    [[nodiscard]] std::vector<json::object> objects() const {
        std::vector<json::object> found;
        std::istringstream lines{out};
        for (std::string line; std::getline(lines, line);) {
            found.push_back(json::parse(line).as_object());
        }
        return found;
    }
    [[nodiscard]] json::object only() const {
        const auto all = objects();
        REQUIRE(all.size() == 1);
        return all.front();
    }
};

Run decode(std::string_view value, const std::string& input = {}, DecodeFormat format = DecodeFormat::json) {
    std::istringstream in{input};
    std::ostringstream out;
    std::ostringstream err;
    const int exit_code = keysyncd::daemon::run_decode(value, format, in, out, err, now);
    return {.exit_code = exit_code, .out = out.str(), .err = err.str()};
}

std::string base64(std::string_view text) {
    return keysyncd::entra::encode_base64(std::as_bytes(std::span{text}));
}

std::string folded(std::string_view line) {
    std::string text{line.substr(0, 76)};
    for (line.remove_prefix(std::min<std::size_t>(76, line.size())); !line.empty();
         line.remove_prefix(std::min<std::size_t>(75, line.size()))) {
        text += "\n " + std::string{line.substr(0, 75)};
    }
    return text + '\n';
}

const std::string dn = "CN=Jane Doe,OU=Staff,DC=corp,DC=example,DC=com";

}  // namespace

TEST_CASE("one value becomes one JSON object with the fields of the contract") {
    const auto run = decode(KeyCredentialBuilder{2}.value("CN=a:b,DC=corp"));
    CHECK(run.exit_code == 0);
    CHECK(run.err == "");
    const auto key = run.only();
    CHECK(json::serialize(key.at("version")) == "\"0x00000200\"");
    CHECK(json::serialize(key.at("blob_bytes")) == "416");
    CHECK(json::serialize(key.at("entry_order")) == "[1,2,3,4,5,6,7,8,9]");
    CHECK(json::serialize(key.at("entry_lengths")) ==
          R"({"1":32,"2":32,"3":283,"4":1,"5":1,"6":16,"7":4,"8":8,"9":8})");
    CHECK(key.at("key_id").as_string().size() == 64);
    CHECK(key.at("key_id_is_sha256_of_material").as_bool());
    CHECK(key.at("key_hash_valid").as_bool());
    CHECK(key.at("material_format").as_string() == "bcrypt_rsa");
    CHECK(json::serialize(key.at("material_bytes")) == "283");
    CHECK(json::serialize(key.at("rsa")) == R"({"bits":2048,"e":65537})");
    CHECK(key.at("usage").as_string() == "NGC");
    CHECK(key.at("source").as_string() == "AzureAD");
    CHECK(key.at("device_id").as_string() == "02020202-0202-0202-0202-020202020202");
    CHECK(key.at("custom_key_information").as_string() == "01000000");
    CHECK(key.at("created_at").as_string() == "2026-01-09T21:02:02.7215374Z");
    CHECK(key.at("last_logon_at").is_null());
    CHECK(key.at("anomalies").as_array().empty());
    CHECK(key.at("dn").as_string() == "CN=a:b,DC=corp");
}

TEST_CASE("what a value does not have is null, and rsa is there only for RSA") {
    const auto key = decode(KeyCredentialBuilder{}
                                .material(fido_material())
                                .usage(keysyncd::ldap::KeyUsage::fido)
                                .without(2)
                                .without(6)
                                .without(7)
                                .without(9)
                                .value())
                         .only();
    CHECK(!key.contains("rsa"));
    for (const char* name : {"key_hash_valid", "device_id", "custom_key_information", "created_at"}) {
        CHECK_MESSAGE(key.at(name).is_null(), name);
    }
    CHECK(json::serialize(key.at("anomalies")) == R"(["key_hash_missing","creation_time_missing"])");
}

TEST_CASE("DN-Binary, hexadecimal of either case and base64 of either tell the same key") {
    const KeyCredentialBuilder builder{4};
    const std::string value = builder.value(dn);
    const std::string lower = keysyncd::ldap::encode_hex(builder.build());
    std::string upper = lower;
    std::ranges::transform(upper, upper.begin(),
                           [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
    const auto expected = decode(value).only().at("key_id");
    for (const std::string& text : {value, lower, upper, keysyncd::entra::encode_base64(builder.build()), base64(value),
                                    "B:832:" + lower + ":" + dn, "  " + value + "\t", value + "\n"}) {
        CAPTURE(text);
        const auto run = decode(text);
        CHECK(run.exit_code == 0);
        CHECK(run.only().at("key_id") == expected);
    }
    CHECK(decode(lower).only().at("dn").is_null());
    CHECK(decode(base64(value)).only().at("dn").as_string() == dn);
}

TEST_CASE("a stream holds one value a line, with either line end and empty lines between") {
    const auto run = decode("-", "\xEF\xBB\xBF" + KeyCredentialBuilder{1}.value() + "\r\n\r\n" +
                                     KeyCredentialBuilder{2}.value() + "\n\n" + KeyCredentialBuilder{3}.value());
    CHECK(run.exit_code == 0);
    CHECK(run.objects().size() == 3);
}

TEST_CASE("LDIF as ldapsearch writes it: comments, folded lines, base64, several entries") {
    const std::string other_dn = "CN=J\xC3\xBCrgen,DC=corp";
    const std::string ldif =
        "# extended LDIF\n#\n# LDAPv3\n# filter: (msDS-KeyCredentialLink=*)\n#  folded\n  comment\n\nversion: 1\n\n" +
        folded("dn: " + dn) + "objectClass: user\ndescription: something\n" +
        folded("msDS-KeyCredentialLink: " + KeyCredentialBuilder{1}.value(dn)) +
        folded("msds-keycredentiallink:" + KeyCredentialBuilder{2}.value(dn)) + "\ndn:: " + base64(other_dn) + "\n" +
        folded("msDS-KeyCredentialLink:: " + base64(KeyCredentialBuilder{3}.value(other_dn))) +
        folded("msDS-KeyCredentialLink;range=0-0:: " +
               keysyncd::entra::encode_base64(KeyCredentialBuilder{4}.build())) +
        "sAMAccountName: jane\n\n# search result\nsearch: 2\nresult: 0 Success\n\n# numResponses: 3\n# numEntries: 2\n";
    for (const bool from_stream : {true, false}) {
        const auto run = from_stream ? decode("-", ldif) : decode(ldif);
        CHECK(run.err == "");
        CHECK(run.exit_code == 0);
        const auto keys = run.objects();
        REQUIRE(keys.size() == 4);
        CHECK(keys[1].at("dn").as_string() == dn);
        CHECK(keys[2].at("dn").as_string() == other_dn);
        CHECK(keys[3].at("dn").as_string() == other_dn);
    }
}

TEST_CASE("LDIF that changes: separators and change types are no values") {
    const auto run = decode("-", "dn: " + dn + "\nchangetype: modify\nadd: msDS-KeyCredentialLink\n" +
                                     folded("msDS-KeyCredentialLink: " + KeyCredentialBuilder{}.value(dn)) + "-\n");
    CHECK(run.err == "");
    CHECK(run.objects().size() == 1);
}

TEST_CASE("a bad value costs one line and exit code 1, those around it are told") {
    const std::string good = KeyCredentialBuilder{}.value();
    const auto run = decode("-", good + "\nB:8:0002:CN=a\n" + good + "\nnot a value\n" + good + "\n");
    CHECK(run.exit_code == 1);
    CHECK(run.objects().size() == 3);
    CHECK(run.err ==
          "value 2 (line 2), byte 8 of the text: count_mismatch: the count says 8 hexadecimal digits, 4 are there\n"
          "value 4 (line 4), byte 3 of the text: not_recognised: expected DN-Binary (B:<count>:<hexadecimal>:<DN>), "
          "hexadecimal, base64 or LDIF\n");
}

TEST_CASE("what is wrong with a value is told with its place") {
    struct Case {
        std::string value;
        const char* err;
    };
    const std::string hex = keysyncd::ldap::encode_hex(KeyCredentialBuilder{}.build());
    for (const auto& [value, err] : {
             Case{"B:8:00020000:CN=a", "byte 4 of the blob: missing_key_id: expected entry 1 (KeyID), found none"},
             Case{"00020000", "byte 4 of the blob: missing_key_id: expected entry 1 (KeyID), found none"},
             Case{"0002000", "byte 7 of the text: odd_hex: 7 hexadecimal digits are no whole number of bytes"},
             Case{hex.substr(0, 100) + "g" + hex.substr(101),
                  "byte 100 of the text: bad_hex: expected a hexadecimal digit"},
             Case{hex.substr(0, 400),
                  "byte 77 of the blob: truncated_value: entry 3 (KeyMaterial) says 283 bytes, 123 left"},
             Case{"AAIAACA", "byte 7 of the text: bad_base64: the base64 text is cut short or wrongly padded"},
             Case{"msDS-KeyCredentialLink:: AAI*", "byte 3 of the text: bad_base64: expected a base64 character"},
             Case{
                 "msDS-KeyCredentialLink:< file:///etc/passwd",
                 "byte 0 of the text: by_url: LDIF gives the address of a file instead of the value; addresses are not "
                 "followed"},
             Case{"msDS-KeyCredentialLink:: " + base64("B:4:0x:CN=a"),
                  "byte 6 of the text: count_mismatch: the count says 4 hexadecimal digits, 2 are there (in the text "
                  "that "
                  "the base64 holds)"},
             Case{"C:8:00020000:CN=a",
                  "byte 1 of the text: not_recognised: expected DN-Binary (B:<count>:<hexadecimal>:<DN>), hexadecimal, "
                  "base64 or LDIF"},
         }) {
        CAPTURE(value);
        const auto run = decode(value);
        CHECK(run.exit_code == 1);
        CHECK(run.out == "");
        CHECK(run.err == "value 1 (line 1), " + std::string{err} + "\n");
    }
}

TEST_CASE("no value at all is an error, not an empty success") {
    for (const std::string& input : {std::string{}, std::string{"\n\n"}, "dn: " + dn + "\nobjectClass: user\n"}) {
        const auto run = decode("-", input);
        CHECK(run.exit_code == 1);
        CHECK(run.err.starts_with("no value found"));
    }
}

TEST_CASE("a value beyond every size is refused without keeping it") {
    const auto run =
        decode("-", std::string(std::size_t{6} << 20U, '0') + "\n" + KeyCredentialBuilder{}.value() + "\n");
    CHECK(run.err ==
          "value 1 (line 1), byte 4194304 of the text: too_long: a value of more than 4194304 bytes is not read\n");
    CHECK(run.objects().size() == 1);
}

TEST_CASE("hostile bytes in a DN reach neither the terminal nor break the JSON") {
    const std::string hostile =
        "CN=\x1b[31m\"\\\x07\xE2\x80\xAE"
        "evil\xFF\xC2\x85,DC=corp";
    const auto text = decode(KeyCredentialBuilder{}.value(hostile), {}, DecodeFormat::text);
    CHECK(text.out.contains(R"(CN=\x1b[31m"\\x07\xe2\x80\xaeevil\xff\xc2\x85,DC=corp)"));
    const auto json_run = decode(KeyCredentialBuilder{}.value(hostile));
    CHECK(json_run.out.contains(R"("dn":"CN=\u001b[31m\"\\\u0007\u202eevil\ufffd\u0085,DC=corp")"));
    CHECK(json_run.only().at("dn").as_string().starts_with("CN=\x1b[31m\"\\\x07"));
}

TEST_CASE("the text says what people look for") {
    const auto run =
        decode("-", KeyCredentialBuilder{1}.value() + "\n" + KeyCredentialBuilder{2}.entry(2, Bytes(32)).value(),
               DecodeFormat::text);
    CHECK(run.exit_code == 0);
    CHECK(run.out.starts_with("value 1\n  key id         "));
    CHECK(run.out.contains("  usage          NGC\n"));
    CHECK(run.out.contains("  source         AzureAD\n"));
    CHECK(run.out.contains("  created        2026-01-09T21:02:02.7215374Z\n"));
    CHECK(run.out.contains("  last logon     none\n"));
    CHECK(run.out.contains("  material       bcrypt_rsa, 283 bytes, RSA 2048 bits, exponent 65537\n"));
    CHECK(run.out.contains("  key hash       valid\n"));
    CHECK(run.out.contains("\n\nvalue 2\n"));
    CHECK(run.out.contains("  key hash       WRONG\n"));
    CHECK(run.out.contains("  anomalies      key_hash_mismatch\n"));
}

TEST_CASE("an output that can't be written is an error") {
    std::istringstream in;
    std::ostringstream err;
    std::ostream broken{nullptr};
    CHECK(keysyncd::daemon::run_decode(KeyCredentialBuilder{}.value(), DecodeFormat::json, in, broken, err, now) == 1);
    CHECK(err.str() == "the output could not be written\n");
}

TEST_CASE("ten thousand values are read from a stream") {
    std::string input;
    for (int i = 0; i < 10'000; ++i) {
        input += KeyCredentialBuilder{static_cast<std::uint32_t>(i % 16)}.value() + "\n";
    }
    const auto run = decode("-", input);
    CHECK(run.exit_code == 0);
    CHECK(std::ranges::count(run.out, '\n') == 10'000);
}

TEST_CASE("real values are told as expected") {
    const std::filesystem::path vectors = KEYSYNCD_SOURCE_DIR "/../shared/data/key_credentials.json";
    std::ifstream file{vectors};
    if (!file) {
        MESSAGE("skipped: " << vectors.string() << " is not here");
        return;
    }
    const json::value document = json::parse(std::string{std::istreambuf_iterator<char>{file}, {}});
    for (const auto& vector : document.at("values").as_array()) {
        CAPTURE(vector.at("name"));
        const auto key = decode(vector.at("value").as_string()).only();
        for (const auto& [name, expected] : vector.at("expected").as_object()) {
            if (name != "last_logon_raw") {
                CAPTURE(name);
                CHECK(key.at(name) == expected);
            }
        }
    }
}
