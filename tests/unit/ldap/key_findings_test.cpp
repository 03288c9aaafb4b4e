#include "ldap/key_findings.hpp"

#include <doctest/doctest.h>

#include "ldap/key_value.hpp"
#include "tests/support/roca_modulus.hpp"

namespace ldap = keysyncd::ldap;
using namespace keysyncd::testing;
using namespace std::chrono_literals;
using ldap::KeyFinding;
using ldap::KeySource;
using ldap::ToolMark;

namespace {

const ldap::Instant now{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}};
const ldap::Instant created{std::chrono::sys_days{std::chrono::year{2026} / 1 / 9} + 21h};

ldap::DirectoryKey decode(const KeyCredentialBuilder& builder) {
    const auto key = ldap::decode_key_blob(builder.build(), now);
    REQUIRE(key);
    return *key;
}

/// As Windows registers a key through AD FS: 414 bytes, every entry.
KeyCredentialBuilder on_premises_key() {
    return KeyCredentialBuilder{}
        .source(KeySource::active_directory)
        .created(created)
        .entry(7, from_hex("0100"))
        .entry(8, little_endian(to_filetime(created), 8));
}

std::string names(ldap::KeyFindings findings) {
    std::string text;
    for (std::uint8_t i = 0; i < 32; ++i) {
        if ((findings >> i & 1U) != 0) {
            text += (text.empty() ? "" : " ") + std::string{to_string(static_cast<KeyFinding>(i))};
        }
    }
    return text;
}

std::string findings(const KeyCredentialBuilder& builder, std::optional<ldap::Instant> written_at = created + 20min,
                     const ldap::DirectoryUser& user = {}, const ldap::FindingPolicy& policy = {}) {
    return names(ldap::find_key_findings(decode(builder), user, written_at, policy));
}

ldap::EndedKey ended_after(std::chrono::seconds lifetime) {
    ldap::EndedKey ended;
    ended.added_at = created;
    ended.removed_at = created + lifetime;
    return ended;
}

const ldap::FindingPolicy with_ad_fs{.keys_registered_on_premises = true};

}  // namespace

TEST_CASE("a key as Entra Connect writes it raises nothing") {
    for (const char* custom : {"01000000", "0100000000", "010000010000", "010000000000000000000000000000"}) {
        CHECK(findings(KeyCredentialBuilder{}.created(created).entry(7, from_hex(custom))) == "");
    }
    CHECK(findings(KeyCredentialBuilder{}
                       .created(created)
                       .usage(ldap::KeyUsage::fido)
                       .material(fido_material())
                       .entry(1, Bytes(16, std::byte{7}))
                       .entry(6, Bytes(16))) == "");
}

TEST_CASE("KeySource AD is suspicious unless keys are registered on premises") {
    CHECK(decode(on_premises_key()).blob_bytes == 414);
    CHECK(findings(on_premises_key()) == "source_ad");
    CHECK(findings(on_premises_key(), created + 20min, {}, with_ad_fs) == "");
}

TEST_CASE("a computer's own key has its flags, and no device") {
    CHECK(findings(on_premises_key().entry(7, from_hex("0102")).without(6), created + 20min, {}, with_ad_fs) == "");
    CHECK(findings(on_premises_key().without(6).without(7).material(pkcs1_material(make_modulus(1))), created + 20min,
                   {}, with_ad_fs) == "");
}

TEST_CASE("what tools leave behind is told, each mark by itself") {
    const auto mark = [](const KeyCredentialBuilder& builder) {
        return to_string(ldap::find_tool_mark(decode(builder)));
    };
    // pyWhisker, impacket, Certipy: 403 bytes.
    const KeyCredentialBuilder current_tools = on_premises_key().entry(7, from_hex("0102")).without(8);
    CHECK(decode(current_tools).blob_bytes == 403);
    CHECK(mark(current_tools) == "computer_flags_with_device");
    CHECK(mark(on_premises_key().without(8)) == "no_last_logon_with_device");
    // Early impacket: .NET ticks in an on-premises key, the hash wrong.
    const KeyCredentialBuilder early_impacket =
        on_premises_key()
            .entry(9, little_endian(to_dotnet_utc(created) & 0x3FFF'FFFF'FFFF'FFFFU, 8))
            .entry(2, Bytes(32));
    CHECK(mark(early_impacket) == "time_encoding");
    CHECK(findings(early_impacket, std::nullopt, {}, with_ad_fs) == "key_hash_wrong tool_fingerprint");
    CHECK(mark(KeyCredentialBuilder{}.entry(7, from_hex("0100"))) == "short_custom_information");
    CHECK(mark(KeyCredentialBuilder{}.entry(9, little_endian(to_filetime(created), 8))) == "time_encoding");
    CHECK(mark(KeyCredentialBuilder{}.entry(1, Bytes(32, std::byte{1}))) == "foreign_key_id");
    // Whisker and DSInternals write what Windows writes: only the source can tell.
    CHECK(mark(on_premises_key()) == "none");
    CHECK(mark(on_premises_key().entry(6, Bytes(16)).without(8)) == "none");
}

TEST_CASE("created after it was written, beyond what clocks may differ") {
    const KeyCredentialBuilder key = KeyCredentialBuilder{}.created(created);
    CHECK(findings(key, created - 301s) == "created_after_write");
    CHECK(findings(key, created - 300s) == "");
    CHECK(findings(key, created) == "");
    CHECK(findings(key, std::nullopt) == "");
    CHECK(findings(key, created - 61s, {}, {.clock_slack = 60s}) == "created_after_write");
    CHECK(findings(KeyCredentialBuilder{}.without(9), created) == "");
}

TEST_CASE("a wrong key hash is told, an absent one is not") {
    CHECK(findings(KeyCredentialBuilder{}.entry(2, Bytes(32))) == "key_hash_wrong");
    CHECK(findings(KeyCredentialBuilder{}.without(2)) == "");
}

TEST_CASE("weak moduli are told in every format of material") {
    const Bytes weak = make_roca_modulus(5);
    for (const Bytes& material :
         {bcrypt_rsa_material(weak), pkcs1_material(weak), spki_material(weak), tpm_material(weak)}) {
        CHECK(findings(KeyCredentialBuilder{}.material(material)) == "roca");
    }
}

TEST_CASE("keys on protected and on disabled accounts") {
    ldap::DirectoryUser user;
    user.protected_account = true;
    CHECK(findings(KeyCredentialBuilder{}, created, user) == "protected_account");
    user.disabled = true;
    CHECK(findings(KeyCredentialBuilder{}, created, user) == "protected_account disabled_account");
}

TEST_CASE("a key added and removed within minutes") {
    ldap::EndedKey ended = ended_after(599s);
    CHECK(names(find_key_findings(ended, {})) == "short_lived");
    CHECK(names(find_key_findings(ended, {.short_lived_below = 60s})) == "");
    ended.removed_at = created + 600s;
    CHECK(names(find_key_findings(ended, {})) == "");
    ended.removed_at = created + 1s;
    ended.version = 4;
    CHECK_MESSAGE(names(find_key_findings(ended, {})) == "", "added twice: its last addition is not known");
    ended.version = 2;
    ended.added_at.reset();
    CHECK(names(find_key_findings(ended, {})) == "");
}

TEST_CASE("each finding can be switched off") {
    ldap::DirectoryUser user;
    user.protected_account = true;
    user.disabled = true;
    const KeyCredentialBuilder key = on_premises_key()
                                         .entry(7, from_hex("0102"))
                                         .entry(2, Bytes(32))
                                         .material(bcrypt_rsa_material(make_roca_modulus(5)));
    const auto found = ldap::find_key_findings(decode(key), user, created - 1h, {});
    CHECK(names(found) ==
          "source_ad created_after_write key_hash_wrong tool_fingerprint roca protected_account "
          "disabled_account");
    for (std::uint8_t i = 0; i < ldap::key_finding_count; ++i) {
        const ldap::KeyFindings off = bit(static_cast<KeyFinding>(i));
        const auto rest =
            ldap::find_key_findings(decode(key), user, created - 1h, {.enabled = ldap::all_key_findings & ~off});
        CHECK(rest == (found & ~off));
    }
    const ldap::EndedKey ended = ended_after(1s);
    CHECK(find_key_findings(ended, {.enabled = ldap::all_key_findings & ~bit(KeyFinding::short_lived)}) == 0);
}

TEST_CASE("every finding has its name") {
    CHECK(names(ldap::all_key_findings) ==
          "source_ad unmatched created_after_write key_hash_wrong tool_fingerprint roca shared_key "
          "protected_account "
          "disabled_account short_lived");
}
