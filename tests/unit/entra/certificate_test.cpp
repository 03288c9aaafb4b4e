#include <doctest/doctest.h>
#include <openssl/rsa.h>

#include <boost/json.hpp>

#include "entra/assertion_flows.hpp"
#include "entra/base64.hpp"
#include "entra/client_assertion.hpp"
#include "entra/token_flows.hpp"
#include "fakes.hpp"
#include "made_certificate.hpp"

namespace entra = keysyncd::entra;
namespace config = keysyncd::config;
namespace testing = keysyncd::entra::testing;
namespace json = boost::json;

namespace {

std::string text_of(std::string_view part) {
    const auto bytes = entra::decode_base64url(part);
    REQUIRE(bytes.has_value());
    return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

struct Jwt {
    explicit Jwt(std::string_view text) {
        const auto first = text.find('.');
        const auto second = text.rfind('.');
        REQUIRE(first < second);
        header = json::parse(text_of(text.substr(0, first))).as_object();
        claims = json::parse(text_of(text.substr(first + 1, second - first - 1))).as_object();
        signed_text = text.substr(0, second);
        signature = text_of(text.substr(second + 1));
    }

    [[nodiscard]] bool verifies(EVP_PKEY* key, int padding) const {
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
        EVP_PKEY_CTX* options = nullptr;
        REQUIRE(EVP_DigestVerifyInit(context.get(), &options, EVP_sha256(), nullptr, key) == 1);
        REQUIRE(EVP_PKEY_CTX_set_rsa_padding(options, padding) == 1);
        return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                                signature.size(), reinterpret_cast<const unsigned char*>(signed_text.data()),
                                signed_text.size()) == 1;
    }

    json::object header;
    json::object claims;
    std::string signed_text;
    std::string signature;
};

const testing::MadeCertificate& made() {
    static const testing::MadeCertificate certificate;
    return certificate;
}

std::string load_error(const config::ClientCertificate& files) {
    const auto loaded = entra::load_signing_certificate(files);
    REQUIRE_FALSE(loaded.has_value());
    return loaded.error();
}

config::ClientCertificate files_of(const std::filesystem::path& certificate, const std::filesystem::path& key = {},
                                   const std::filesystem::path& password = {}) {
    config::ClientCertificate files;
    files.certificate_file = certificate;
    files.key_file = key;
    files.password_file = password;
    return files;
}

}  // namespace

TEST_CASE("certificate: PEM in one file or two, PKCS#12, encrypted or not: the same certificate") {
    const testing::TemporaryFolder folder;
    const auto password = folder.write("password", "sesame\n");
    made().write_both(folder.path / "both.pem");
    made().write_certificate(folder.path / "certificate.pem");
    made().write_key(folder.path / "key.pem");
    made().write_key(folder.path / "locked.pem", "sesame");
    made().write_pkcs12(folder.path / "open.p12", "");
    made().write_pkcs12(folder.path / "store.p12", "sesame");
    const auto reference = entra::load_signing_certificate(files_of(folder.path / "both.pem"));
    REQUIRE(reference.has_value());
    CHECK(reference->not_after - reference->not_before == std::chrono::seconds{86460});
    for (const auto& files : {files_of(folder.path / "certificate.pem", folder.path / "key.pem"),
                              files_of(folder.path / "certificate.pem", folder.path / "locked.pem", password),
                              files_of(folder.path / "open.p12"), files_of(folder.path / "store.p12", {}, password)}) {
        CAPTURE(files.certificate_file.string());
        const auto loaded = entra::load_signing_certificate(files);
        REQUIRE(loaded.has_value());
        CHECK(loaded->der == reference->der);
        CHECK(EVP_PKEY_eq(loaded->key.get(), made().key()) == 1);
    }
    CHECK(entra::client_certificate_expiry(files_of(folder.path / "both.pem")) == reference->not_after);
    CHECK_FALSE(entra::client_certificate_expiry(files_of(folder.path / "none.pem")).has_value());
    CHECK_FALSE(entra::client_certificate_expiry(config::ClientSecret{}).has_value());
}

TEST_CASE("certificate: what is wrong is told with the file and the mend") {
    const testing::TemporaryFolder folder;
    made().write_certificate(folder.path / "certificate.pem");
    made().write_key(folder.path / "locked.pem", "sesame");
    made().write_pkcs12(folder.path / "store.p12", "sesame");
    const auto wrong = folder.write("wrong", "open\n");
    const testing::MadeCertificate other;
    other.write_key(folder.path / "other.pem");
    const testing::MadeCertificate elliptic(-60, 86400, true);
    elliptic.write_both(folder.path / "ec.pem");
    const auto certificate = folder.path / "certificate.pem";
    CHECK(load_error(files_of(folder.path / "none.pem")).contains("none.pem: can't be read: No such file"));
    CHECK(load_error(files_of(folder.write("junk", "junk"))).contains("holds no certificate"));
    CHECK(load_error(files_of(certificate)).contains("holds no private key"));
    CHECK(load_error(files_of(certificate, folder.path / "locked.pem")).contains("password_file missing"));
    CHECK(load_error(files_of(certificate, folder.path / "locked.pem", wrong)).contains("locked.pem"));
    CHECK(load_error(files_of(certificate, folder.path / "other.pem")).contains("belongs to another certificate"));
    CHECK(load_error(files_of(folder.path / "store.p12", {}, wrong)).contains("password_file"));
    CHECK(load_error(files_of(folder.path / "store.p12")).contains("PKCS#12"));
    CHECK(load_error(files_of(folder.path / "ec.pem")).contains("not RSA"));
}

TEST_CASE("assertion: header, claims and a signature that the certificate's key verifies") {
    const testing::TemporaryFolder folder;
    made().write_both(folder.path / "both.pem");
    const auto certificate = entra::load_signing_certificate(files_of(folder.path / "both.pem"));
    REQUIRE(certificate.has_value());
    const entra::AssertionClaims claims{"https://login/t/oauth2/v2.0/token", "client",
                                        *entra::parse_rfc3339("2026-01-09T12:00:00.9Z"), "id-1"};
    const Jwt modern(entra::sign_assertion(*certificate, config::AssertionAlgorithm::ps256, claims).value());
    CHECK(modern.header.at("alg") == "PS256");
    CHECK(modern.header.at("typ") == "JWT");
    CHECK(entra::decode_base64url(modern.header.at("x5t#S256").as_string())->size() == 32);
    CHECK_FALSE(modern.header.contains("x5t"));
    CHECK(modern.claims.at("aud") == "https://login/t/oauth2/v2.0/token");
    CHECK(modern.claims.at("iss") == "client");
    CHECK(modern.claims.at("sub") == "client");
    CHECK(modern.claims.at("jti") == "id-1");
    CHECK(modern.claims.at("nbf") == 1767960000);
    CHECK(modern.claims.at("exp") == 1767960600);
    CHECK(modern.verifies(made().key(), RSA_PKCS1_PSS_PADDING));
    CHECK_FALSE(modern.verifies(made().key(), RSA_PKCS1_PADDING));

    const Jwt legacy(entra::sign_assertion(*certificate, config::AssertionAlgorithm::rs256, claims).value());
    CHECK(legacy.header.at("alg") == "RS256");
    CHECK(entra::decode_base64url(legacy.header.at("x5t").as_string())->size() == 20);
    CHECK(legacy.verifies(made().key(), RSA_PKCS1_PADDING));
}

TEST_CASE("assertion: ids are UUIDs and never the same") {
    const std::string id = entra::random_id();
    CHECK(id.size() == 36);
    CHECK(id[14] == '4');
    CHECK(id != entra::random_id());
}

TEST_CASE("certificate flow: an ended certificate is told before anything is sent") {
    const testing::TemporaryFolder folder;
    testing::MadeCertificate(-86400, -3600).write_both(folder.path / "ended.pem");
    testing::MadeCertificate(3600, 86400).write_both(folder.path / "early.pem");
    testing::FakeClock clock;
    clock.epoch = std::chrono::time_point_cast<entra::Ticks>(std::chrono::system_clock::now());
    testing::FakeHttp http;
    entra::Exchange exchange(http, clock, {});
    for (const auto& [name, words] : {std::pair{"ended.pem", "the certificate ended on"},
                                      std::pair{"early.pem", "the certificate is valid only from"}}) {
        entra::CertificateFlow flow(exchange, clock, {}, files_of(folder.path / name));
        const auto token = flow.request_token({});
        REQUIRE_FALSE(token.has_value());
        CHECK(token.error().failure == entra::GraphFailure::token);
        CHECK(token.error().detail.contains(words));
    }
    CHECK(http.requests.empty());
}

TEST_CASE("federated flow: the token file is read anew each time") {
    const testing::TemporaryFolder folder;
    testing::FakeClock clock;
    testing::FakeHttp http;
    entra::Exchange exchange(http, clock, {});
    const auto file = folder.write("token", "first.jwt\n");
    entra::FederatedFlow flow(exchange, {"t", "c", {}}, file);
    http.answers.emplace_back(testing::json_response(200, std::string{testing::token_body}));
    REQUIRE(flow.request_token({}).has_value());
    static_cast<void>(folder.write("token", "second.jwt\n"));
    http.answers.emplace_back(testing::json_response(200, std::string{testing::token_body}));
    REQUIRE(flow.request_token({}).has_value());
    CHECK(http.requests[0].body.ends_with("&client_assertion=first.jwt"));
    CHECK(http.requests[1].body.ends_with("&client_assertion=second.jwt"));
    CHECK(http.requests[0].body.contains(
        "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"));
}
