#include "config/dump.hpp"

#include <yaml-cpp/yaml.h>

#include <array>
#include <string_view>
#include <type_traits>
#include <variant>

#include "config/duration.hpp"

namespace keysyncd::config {

namespace {

/// Writes only what is given: an empty text and an empty list mean "not given" in Settings.
class Writer {
  public:
    void begin(const char* key) { out_ << YAML::Key << key << YAML::Value << YAML::BeginMap; }
    void begin() { out_ << YAML::BeginMap; }
    void end() { out_ << YAML::EndMap; }
    void begin_list(const char* key) { out_ << YAML::Key << key << YAML::Value << YAML::BeginSeq; }
    void end_list() { out_ << YAML::EndSeq; }

    void text(const char* key, std::string_view value) {
        if (!value.empty()) {
            out_ << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << std::string(value);
        }
    }
    void word(const char* key, std::string_view value) {
        out_ << YAML::Key << key << YAML::Value << std::string(value);
    }
    void path(const char* key, const Path& value) { text(key, value.string()); }
    void flag(const char* key, bool value) { word(key, value ? "true" : "false"); }
    void duration(const char* key, seconds value) { word(key, format_duration(value)); }
    void texts(const char* key, const std::vector<std::string>& values) {
        if (!values.empty()) {
            all_texts(key, values);
        }
    }
    void all_texts(const char* key, const std::vector<std::string>& values) {
        begin_list(key);
        for (const std::string& value : values) {
            out_ << YAML::DoubleQuoted << value;
        }
        end_list();
    }
    [[nodiscard]] std::string take() const { return std::string(out_.c_str(), out_.size()) + "\n"; }

  private:
    YAML::Emitter out_;
};

void write_bind(Writer& out, const BindSettings& bind) {
    static constexpr std::array<std::string_view, 3> methods{"simple", "gssapi", "external"};
    out.begin("bind");
    out.word("method", methods.at(static_cast<std::size_t>(bind.method)));
    out.text("dn", bind.dn);
    out.path("password_file", bind.password_file);
    out.path("keytab", bind.keytab);
    out.text("principal", bind.principal);
    out.end();
}

void write_domain(Writer& out, const DomainSettings& domain) {
    static constexpr std::array<std::string_view, 3> tracking{"auto", "usn", "dirsync"};
    out.begin();
    out.text("name", domain.name);
    out.texts("servers", domain.servers);
    if (domain.discover) {
        out.flag("discover", true);
    }
    out.text("site", domain.site);
    out.text("base_dn", domain.base_dn);
    write_bind(out, domain.bind);
    out.begin("tls");
    out.path("ca_file", domain.tls.ca_file);
    out.flag("start_tls", domain.tls.start_tls);
    out.path("certificate_file", domain.tls.certificate_file);
    out.path("key_file", domain.tls.key_file);
    out.end();
    out.text("filter", domain.filter);
    out.word("change_tracking", tracking.at(static_cast<std::size_t>(domain.change_tracking)));
    out.duration("poll_interval", domain.poll_interval);
    out.duration("full_sweep_interval", domain.full_sweep_interval);
    out.texts("observe_servers", domain.observe_servers);
    out.begin("findings");
    out.flag("keys_registered_on_premises", domain.findings.keys_registered_on_premises);
    out.texts("ignore", domain.findings.ignore);
    out.end();
    out.end();
}

void write_credential(Writer& out, const Credential& credential) {
    out.begin("credential");
    std::visit(
        [&](const auto& kind) {
            using Kind = std::decay_t<decltype(kind)>;
            if constexpr (std::is_same_v<Kind, ClientSecret>) {
                out.path("secret_file", kind.secret_file);
            } else if constexpr (std::is_same_v<Kind, ClientCertificate>) {
                out.path("certificate_file", kind.certificate_file);
                out.path("key_file", kind.key_file);
                out.path("password_file", kind.password_file);
                out.text("algorithm", kind.algorithm == AssertionAlgorithm::rs256 ? "RS256" : "PS256");
            } else if constexpr (std::is_same_v<Kind, FederatedToken>) {
                out.path("federated_token_file", kind.token_file);
            } else {
                out.text("managed_identity", kind.client_id.empty() ? "system" : kind.client_id);
            }
        },
        credential);
    out.end();
}

void write_entra(Writer& out, const EntraSettings& entra) {
    static constexpr std::array<std::string_view, 4> clouds{"global", "usgov", "usgov_dod", "china"};
    out.begin("entra");
    if (entra.uses_graph()) {
        out.text("tenant_id", entra.tenant_id);
        out.text("client_id", entra.client_id);
        write_credential(out, entra.credential);
    }
    if (entra.authority_url.empty() || entra.graph_url.empty()) {
        out.word("cloud", clouds.at(static_cast<std::size_t>(entra.cloud)));
    }
    out.text("authority_url", entra.authority_url);
    out.text("graph_url", entra.graph_url);
    out.text("proxy", entra.proxy);
    out.path("proxy_password_file", entra.proxy_password_file);
    out.path("ca_file", entra.ca_file);
    out.duration("poll_interval", entra.poll_interval);
    out.duration("lookback", entra.lookback);
    out.duration("overlap", entra.overlap);
    out.word("registrations", entra.registrations == RegistrationSource::audit ? "audit" : "report");
    out.begin("activities");
    out.all_texts("ngc_added", entra.activities.ngc_added);
    out.all_texts("ngc_deleted", entra.activities.ngc_deleted);
    out.all_texts("fido_added", entra.activities.fido_added);
    out.all_texts("fido_deleted", entra.activities.fido_deleted);
    out.end();
    out.texts("audit_files", entra.audit_files);
    out.word("reports_limit", std::to_string(entra.reports_limit));
    out.end();
}

}  // namespace

std::string dump(const Settings& settings) {
    Writer out;
    out.begin();
    out.begin_list("domains");
    for (const DomainSettings& domain : settings.domains) {
        write_domain(out, domain);
    }
    out.end_list();
    if (settings.entra) {
        write_entra(out, *settings.entra);
    }
    out.begin("sync");
    out.duration("cycle", settings.sync.cycle);
    out.duration("grace", settings.sync.grace);
    out.duration("overdue_after", settings.sync.overdue_after);
    out.end();
    out.begin("ledger");
    out.path("path", settings.ledger.path);
    out.duration("retention", settings.ledger.retention);
    out.end();
    out.begin("privacy");
    out.word("user_names", settings.user_names == UserNames::full ? "full" : "hashed");
    out.end();
    out.end();
    return out.take();
}

}  // namespace keysyncd::config
