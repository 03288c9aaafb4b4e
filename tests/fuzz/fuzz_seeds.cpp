// Writes the seed corpus of every fuzz target: FOLDER/TARGET/NUMBER. Made by the tests' own encoders, nothing is
// copied.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "ldap/dirsync_control.hpp"
#include "ldap/hex.hpp"
#include "ldap/sid.hpp"
#include "tests/support/ber_builder.hpp"
#include "tests/support/replication_metadata_builder.hpp"
#include "tests/support/roca_modulus.hpp"

namespace ldap = keysyncd::ldap;
using namespace keysyncd::testing;

namespace {

const ldap::Instant at{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + std::chrono::seconds{6174}};

class SeedWriter {
  public:
    explicit SeedWriter(std::filesystem::path folder) : folder_{std::move(folder)} {}

    void add(const std::string& target, std::string_view seed) {
        std::filesystem::create_directories(folder_ / target);
        std::ofstream file{folder_ / target / std::to_string(++written_[target]), std::ios::binary};
        file << seed;
        if (!file.flush()) {
            throw std::runtime_error{"cannot write below " + folder_.string()};
        }
    }
    void add(const std::string& target, const Bytes& seed) {
        add(target, std::string_view{reinterpret_cast<const char*>(seed.data()), seed.size()});
    }

  private:
    std::filesystem::path folder_;
    std::map<std::string, int> written_;
};

std::vector<Bytes> key_credentials() {
    const Bytes modulus = make_modulus(1, 512);  // short: the fuzzer gets further in a second
    const ldap::KeySource on_premises = ldap::KeySource::active_directory;
    return {
        KeyCredentialBuilder{}.build(),
        KeyCredentialBuilder{}.source(on_premises).entry(7, from_hex("0102")).without(8).build(),
        KeyCredentialBuilder{}.material(bcrypt_rsa_material(modulus)).entry(7, Bytes(18, std::byte{1})).build(),
        KeyCredentialBuilder{}.material(pkcs1_material(modulus)).without(6).without(7).build(),
        KeyCredentialBuilder{}.material(spki_material(modulus)).append(0x20, from_hex("ff")).build(),
        KeyCredentialBuilder{}.material(tpm_material(modulus)).build(),
        KeyCredentialBuilder{}.material(bcrypt_rsa_material(make_roca_modulus(1, 512))).build(),
        KeyCredentialBuilder{}.material(fido_material()).usage(ldap::KeyUsage::fido).entry(1, Bytes(16)).build(),
        KeyCredentialBuilder{}.version(0).entry(4, bytes_of("NGC")).material(bcrypt_rsa_material(modulus)).build(),
        KeyCredentialBuilder{}.version(0x100).entry(4, bytes_of("FIDO")).material(bcrypt_rsa_material(modulus)).build(),
        KeyCredentialBuilder{}.without(2).without(9).append(3, from_hex("52534131")).build(),
    };
}

void write_directory_seeds(SeedWriter& seeds) {
    for (const Bytes& blob : key_credentials()) {
        seeds.add("key_credential", blob);
        seeds.add("dn_binary", to_dn_binary(blob, "CN=a:b,DC=corp"));
        seeds.add("dirsync", "msDS-KeyCredentialLink;range=1-1\n" + to_dn_binary(blob, "CN=a"));
        ldap::ValueMetadata row = live_row(blob, at);
        for (const auto layout : {MetadataLayout::packed, MetadataLayout::aligned, MetadataLayout::aligned_with_tail}) {
            seeds.add("metadata_binary", metadata_binary(row, layout));
        }
        for (const auto form : {ValueInXml::none, ValueInXml::hex, ValueInXml::base64}) {
            seeds.add("metadata_xml", metadata_xml(row, form));
        }
        row.deleted_at = at;
        row.version = 2;
        seeds.add("metadata_binary", metadata_binary(row, MetadataLayout::aligned));
        seeds.add("metadata_xml", metadata_xml(row));
    }
    seeds.add("dirsync", ldap::encode_dirsync_response({.more = true, .cookie = "MSDS"}));
    seeds.add("dirsync", ldap::encode_dirsync_request({.flags = 0x80000801, .most_bytes = 4096, .cookie = "MSDS"}));
    seeds.add("dirsync", "msDS-KeyCredentialLink;range=0-*\nB:0::");
    seeds.add("directory_values", "S-1-5-21-2127521184-1604012920-1887927527-72713");
    seeds.add("directory_values", ldap::Sid::parse("S-1-5-21-1-2-3-500")->to_bytes());
    seeds.add("directory_values", "{10985e4b-0809-443d-8679-149422d9e170}");
    seeds.add("directory_values", "20260131014254.0Z");
    seeds.add("directory_values", "2026-01-31T01:42:54Z");
    // A self-relative security descriptor with an ACL of two: an allow for Everyone, an object deny for a user.
    seeds.add("directory_values", from_hex("0100048400000000000000000000000014000000"
                                           "04005400020000000000140014000200010100000000000100000000"
                                           "060038000001000001000000787047"
                                           "5b0f60904ab29f372a4de88f30"
                                           "010500000000000515000000010000000200000003000000f4010000"));
}

void write_entry_seeds(SeedWriter& seeds) {
    constexpr unsigned char octet_string = 0x04;
    constexpr unsigned char sequence = 0x30;
    const auto entry = [](std::string_view dn, const std::string& attributes) {
        return ber_element(octet_string, dn) + ber_element(sequence, attributes);
    };
    const std::string guid = partial_attribute("objectGUID", {"0123456789abcdef"});
    seeds.add("entry", entry("CN=a,DC=corp", guid + partial_attribute("uSNChanged", {"7"}) +
                                                 partial_attribute("msDS-KeyCredentialLink",
                                                                   {KeyCredentialBuilder{}.value(), "B:0::CN=a"})));
    seeds.add("entry", entry("CN=a,DC=corp", guid + partial_attribute("msDS-KeyCredentialLink", {}) +
                                                 partial_attribute("msDS-KeyCredentialLink;range=0-0",
                                                                   {KeyCredentialBuilder{}.value()})));
    seeds.add("entry", entry("", partial_attribute("isDeleted", {"TRUE"}) +
                                     partial_attribute("whenChanged", {"20260131014254.0Z"})));
}

void write_decode_seeds(SeedWriter& seeds) {
    const std::string value = KeyCredentialBuilder{}.value();
    seeds.add("decode_input", value);
    seeds.add("decode_input", ldap::encode_hex(KeyCredentialBuilder{}.build()) + "\r\n\n" + value);
    seeds.add("decode_input", "AAIAACAAAQ==\n");
    seeds.add("decode_input",
              "# comment\n folded\nversion: 1\n\ndn: CN=a\nobjectClass: user\nmsDS-KeyCredentialLink: " +
                  value.substr(0, 60) + "\n " + value.substr(60) + "\n-\n\ndn:: Q049YQ==\n");
    seeds.add("decode_input", "msDS-KeyCredentialLink:: Qjo0OjAwMDI6Q049YQ==\nmsDS-KeyCredentialLink:< file:///x\n");
}

void write_entra_seeds(SeedWriter& seeds) {
    seeds.add("audit",
              R"({"@odata.nextLink":"https://graph.example.com/v1.0/auditLogs/directoryAudits?$skiptoken=a","value":[
{"id":"Device_1","category":"UserManagement","result":"success","activityDisplayName":"Add Windows Hello for Business credential",
"activityDateTime":"2026-01-09T21:20:02.7215374Z","loggedByService":"Device Registration Service",
"initiatedBy":{"user":{"id":"10985e4b-0809-443d-8679-149422d9e170","userPrincipalName":"jane@example.com"},"app":null},
"targetResources":[{"id":null,"type":"User","userPrincipalName":"jane@example.com","modifiedProperties":[]}],
"additionalDetails":[{"key":"k","value":"v"}]}]})");
    seeds.add("audit",
              R"({"id":"1","result":"success","activityDisplayName":"Delete FIDO2 security key","activityDateTime":)"
              R"("2026-01-09T21:20:02Z","targetResources":[{"id":"10985e4b-0809-443d-8679-149422d9e170"}]})");
    for (
        const char* text : {
            R"({"id":"1","userPrincipalName":"j@example.com","onPremisesSyncEnabled":true,"onPremisesSecurityIdentifier":"S-1-5-21-1-2-3-4","onPremisesImmutableId":"AAAA","onPremisesProvisioningErrors":[]})",
            R"({"value":[{"id":"1","onPremisesSyncEnabled":true,"onPremisesLastSyncDateTime":"2026-01-09T21:20:02Z"}]})",
            R"({"value":[{"id":"SGVsbG8","createdDateTime":"2026-01-09T21:20:02Z","keyStrength":"normal","displayName":"PC"}]})",
            R"({"responses":[{"id":"1","status":200,"headers":{"Retry-After":"3"},"body":{"value":[]}},{"id":"0","status":429}]})",
            R"({"token_type":"Bearer","expires_in":3599,"access_token":"a"})",
            R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret","error_codes":[7000215]})",
            R"({"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}})",
            "https://graph.example.com/v1.0/auditLogs/directoryAudits?$skiptoken=b",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "120",
            R"({"application":"a","boot":"b","counted":[3599000000000,3600000000000],"not_before":3610000000000,"silenced_until":0})",
            "Basic realm=/var/opt/azcmagent/tokens/a.key",
        }) {
        seeds.add("graph_answer", std::string_view{text});
    }
}

// Exported audit logs in the shapes that they come in.
void write_export_seeds(SeedWriter& seeds) {
    const std::string record =
        R"({"id":"a","activityDateTime":"2026-01-01T00:00:00Z","activityDisplayName":"Add Windows Hello for Business credential","targetResources":[{"id":"b","userPrincipalName":"jane@example.com"}]})";
    seeds.add("audit_file", record + "\n" + record + "\n");
    seeds.add("audit_file", "[" + record + ",\n" + record + "]");
    seeds.add("audit_file", R"({"records":[)" + record + "," + record + "]}");
    seeds.add("audit_file", R"({"value":[)" + record + R"(],"@odata.nextLink":"https://graph.example.com/a"})");
    seeds.add("audit_file", record.substr(0, record.size() / 2) + "\n" + record);
}

void write_configuration_seeds(SeedWriter& seeds) {
    seeds.add("config", R"yaml(domains:
  - name: corp.example.com
    servers: [ldaps://dc1.corp.example.com]
    bind: {method: simple, dn: "CN=k,DC=corp", password_file: /etc/hostname}
    tls: {ca_file: /etc/hostname}
    filter: "(&(a=b)(!(c=*)))"
    change_tracking: auto
    poll_interval: 1h30m
entra:
  tenant_id: 10985e4b-0809-443d-8679-149422d9e170
  client_id: 10985e4b-0809-443d-8679-149422d9e170
  credential: {managed_identity: system}
  proxy: http://user@host:3128
sync: {cycle: 30m, grace: 5m, overdue_after: 65m}
ledger: {path: /var/lib/keysyncd/ledger.db, retention: 90d}
privacy: {user_names: hashed}
)yaml");
    seeds.add("config", "domains: &a [*a]\n");
    seeds.add("config", "a: !!binary x\n? [b, c]\n: |\n  d\n--- e\n");
    seeds.add("web_config", R"yaml(tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  min_version: TLS12
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
http_server_config:
  http2: false
  headers: {X-Frame-Options: deny}
basic_auth_users:
  jane: $2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG
)yaml");
}

void write_http_seeds(SeedWriter& seeds) {
    for (const char* text : {
             "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip;q=1, *;q=0\r\n\r\n",
             "HEAD http://localhost:10061/api/v1/keys?state=pending&limit=%31+0 HTTP/1.0\r\n\r\n",
             "GET /api/v1/users/jane%40example.com HTTP/1.1\r\nHost: a\r\nAuthorization: Basic amFuZTpwdw==\r\n\r\n",
             "POST /-/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab",
             "POST /-/reload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
             "[::1]:10061",
             "127.0.0.1:10061",
             "Basic amFuZTpwdw==",
         }) {
        seeds.add("http_request", std::string_view{text});
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: fuzz_seeds FOLDER\n";
        return 2;
    }
    SeedWriter seeds{argv[1]};
    write_directory_seeds(seeds);
    write_entry_seeds(seeds);
    write_decode_seeds(seeds);
    write_entra_seeds(seeds);
    write_export_seeds(seeds);
    write_configuration_seeds(seeds);
    write_http_seeds(seeds);
    return 0;
}
