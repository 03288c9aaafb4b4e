// What the environment's AZURE_* variables give where the file is silent, and that the file decides where it speaks.
#include <doctest/doctest.h>

#include <cstdlib>
#include <variant>

#include "tests/unit/config/configuration_fixture.hpp"

using namespace keysyncd::config;
using namespace keysyncd::config::test;

namespace {

class Variable {
  public:
    Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { ::unsetenv(name_); }

  private:
    const char* name_;
};

constexpr const char* tenant = "11111111-2222-3333-4444-555555555555";
constexpr const char* client = "99999999-8888-7777-6666-555555555555";

}  // namespace

TEST_CASE("environment: workload identity needs nothing but an empty-handed entra section") {
    const ConfigurationFolder configuration;
    const Variable tenant_id("AZURE_TENANT_ID", tenant);
    const Variable client_id("AZURE_CLIENT_ID", client);
    const Variable token("AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/azure/tokens/azure-identity-token");
    const Variable authority("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/");
    const auto settings = load_text(sound_domain + "entra:\n  poll_interval: 60s\n", configuration.file());
    REQUIRE(settings.has_value());
    CHECK(settings->entra->tenant_id == tenant);
    CHECK(settings->entra->client_id == client);
    CHECK(settings->entra->authority_url == "https://login.microsoftonline.us");
    CHECK(settings->entra->cloud == Cloud::usgov);  // and with it the Graph that takes this authority's tokens
    REQUIRE(std::holds_alternative<FederatedToken>(settings->entra->credential));
    CHECK(std::get<FederatedToken>(settings->entra->credential).token_file ==
          "/var/run/secrets/azure/tokens/azure-identity-token");
}

TEST_CASE("environment: the file goes before it") {
    const ConfigurationFolder configuration;
    const Variable tenant_id("AZURE_TENANT_ID", "22222222-2222-3333-4444-555555555555");
    const Variable token("AZURE_CLIENT_CERTIFICATE_PATH", "/elsewhere.pem");
    const Variable authority("AZURE_AUTHORITY_HOST", "https://elsewhere.example");
    const auto settings = load_text(sound_domain + sound_entra + "  cloud: usgov\n", configuration.file());
    REQUIRE(settings.has_value());
    CHECK(settings->entra->tenant_id == tenant);
    CHECK(std::holds_alternative<ClientSecret>(settings->entra->credential));
    CHECK(settings->entra->authority_url.empty());
    CHECK(settings->entra->cloud == Cloud::usgov);
}

TEST_CASE("environment: the authority's host tells the cloud, where the file does not") {
    const ConfigurationFolder configuration;
    const auto cloud_with = [&](const std::string& host, const std::string& more = {}) {
        const Variable authority("AZURE_AUTHORITY_HOST", host);
        const auto settings = load_text(sound_domain + sound_entra + more, configuration.file());
        REQUIRE(settings.has_value());
        return settings->entra->cloud;
    };
    CHECK(cloud_with("https://login.microsoftonline.com/") == Cloud::global);
    CHECK(cloud_with("https://LOGIN.microsoftonline.us") == Cloud::usgov);
    CHECK(cloud_with("https://login.microsoftonline.us", "  cloud: usgov_dod\n") == Cloud::usgov_dod);
    CHECK(cloud_with("https://login.chinacloudapi.cn/") == Cloud::china);
    CHECK(cloud_with("https://login.partner.microsoftonline.cn") == Cloud::china);
    CHECK(cloud_with("https://login.private.example") == Cloud::global);
    CHECK(cloud_with("", "  authority_url: https://login.microsoftonline.us\n") == Cloud::usgov);
    CHECK(cloud_with("https://login.chinacloudapi.cn", "  authority_url: https://login.private.example\n") ==
          Cloud::global);
}

TEST_CASE("environment: an authority without TLS is an error") {
    const Variable authority("AZURE_AUTHORITY_HOST", "http://login.example");
    check_cases({{"plain",
                  sound_domain + sound_entra,
                  {"6:3: error: entra.authority_url: expected an https:// origin in the environment's "
                   "AZURE_AUTHORITY_HOST, found \"http://login.example\""}}});
}

TEST_CASE("certificate: its password and algorithm") {
    const ConfigurationFolder configuration;
    const auto with = [](const std::string& credential) {
        return sound_domain + "entra:\n  tenant_id: contoso.com\n  client_id: " + client +
               "\n  credential: " + credential + "\n";
    };
    const auto settings =
        load_text(with("{certificate_file: cert.pem, key_file: key.pem, password_file: pw, algorithm: RS256}"),
                  configuration.file());
    REQUIRE(settings.has_value());
    const auto& files = std::get<ClientCertificate>(settings->entra->credential);
    CHECK(files.password_file.filename() == "pw");
    CHECK(files.algorithm == AssertionAlgorithm::rs256);
    check_cases({{"without a certificate",
                  with("{secret_file: secret, algorithm: PS256}"),
                  {"8:48: error: entra.credential.algorithm: the key must not stand here: it belongs to "
                   "certificate_file, which is missing"}}});
}
