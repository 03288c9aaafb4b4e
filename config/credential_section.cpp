#include "config/credential_section.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "config/escape.hpp"
#include "config/url.hpp"

namespace keysyncd::config {

namespace {

constexpr std::array kinds{std::string_view("secret_file"), std::string_view("certificate_file"),
                           std::string_view("federated_token_file"), std::string_view("managed_identity")};
constexpr std::string_view one_of =
    "one of secret_file, certificate_file (with key_file), federated_token_file, managed_identity";

}  // namespace

Credential read_credential(Section section) {
    std::string given;
    int count = 0;
    for (const std::string_view kind : kinds) {
        if (section.has(kind)) {
            given += fmt::format("{}{}", count++ == 0 ? "" : " and ", kind);
        }
    }
    if (count != 1) {
        section.report().error(section.place(), fmt::format("expected {}, found {}: keep one", one_of,
                                                            count == 0 ? "none of them" : given));
    }
    Credential credential;
    if (const auto file = section.path("secret_file", FileKind::secret)) {
        credential = ClientSecret{*file};
    }
    // Without a key_file the certificate's own file holds the key.
    const FileKind certificate_kind = section.has("key_file") ? FileKind::readable : FileKind::secret;
    const auto certificate = section.path("certificate_file", certificate_kind);
    const auto key = section.path("key_file", FileKind::secret);
    const auto password = section.path("password_file", FileKind::secret);
    static constexpr std::array<std::pair<std::string_view, AssertionAlgorithm>, 2> algorithms{
        {{"PS256", AssertionAlgorithm::ps256}, {"RS256", AssertionAlgorithm::rs256}}};
    const auto algorithm = section.choice<AssertionAlgorithm>("algorithm", algorithms);
    if (certificate) {
        credential = ClientCertificate{*certificate, key.value_or(Path()), password.value_or(Path()),
                                       algorithm.value_or(AssertionAlgorithm::ps256)};
    } else if (!section.has("certificate_file")) {
        for (const std::string_view belonging : {"key_file", "password_file", "algorithm"}) {
            section.forbid(belonging, "it belongs to certificate_file, which is missing");
        }
    }
    if (const auto file = section.path("federated_token_file", FileKind::short_lived)) {
        credential = FederatedToken{*file};
    }
    if (const auto identity = section.text("managed_identity")) {
        if (identity->value != "system" && !is_guid(identity->value)) {
            section.error("managed_identity",
                          fmt::format("expected system or the client ID (a GUID) of a user-assigned "
                                      "identity, found {}",
                                      in_quotes(identity->value)));
        }
        credential = ManagedIdentity{identity->value == "system" ? std::string() : to_lower(identity->value)};
    }
    section.finish();
    return credential;
}

}  // namespace keysyncd::config
