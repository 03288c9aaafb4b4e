#include "config/entra_section.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "config/azure_environment.hpp"
#include "config/config_path.hpp"
#include "config/credential_section.hpp"
#include "config/escape.hpp"
#include "config/url.hpp"

namespace keysyncd::config {

namespace {

/// What the file leaves out and Azure's own variables tell.
void apply_environment(Section& section, EntraSettings& entra) {
    const AzureEnvironment environment = azure_environment();
    if (!section.has("tenant_id")) {
        entra.tenant_id = environment.tenant_id;
    }
    if (!section.has("client_id")) {
        entra.client_id = environment.client_id;
    }
    if (!section.has("credential") && environment.credential) {
        entra.credential = *environment.credential;
    }
}

void read_account(Section& section, EntraSettings& entra) {
    if (const auto tenant = section.text("tenant_id")) {
        entra.tenant_id = to_lower(tenant->value);
        const bool domain = is_dns_name(tenant->value) && tenant->value.find('.') != std::string::npos;
        if (!is_guid(tenant->value) && !domain) {
            section.error("tenant_id", fmt::format("expected the tenant's ID (a GUID) or one of its domains, such as "
                                                   "contoso.onmicrosoft.com, found {}",
                                                   in_quotes(tenant->value)));
        }
    }
    if (const auto client = section.text("client_id")) {
        entra.client_id = to_lower(client->value);
        if (!is_guid(client->value)) {
            section.error("client_id", fmt::format("expected the application (client) ID, a GUID, found {}",
                                                   in_quotes(client->value)));
        }
    }
    auto credential = section.section("credential");
    if (credential) {
        entra.credential = read_credential(std::move(*credential));
    }
    // Exported audit logs alone need no account at all.
    const bool files_only = section.has("audit_files") && !section.has("tenant_id") && !section.has("client_id") &&
                            !section.has("credential");
    if (files_only) {
        return;
    }
    apply_environment(section, entra);
    for (const std::string_view misplaced : {"client_secret", "secret"}) {
        if (section.has(misplaced)) {
            section.error(misplaced,
                          "a secret must not stand in this file: put it in a file of its own (chmod 600) and "
                          "name that with credential: {secret_file: ...}");
            section.ignore(misplaced);
        }
    }
    if (entra.tenant_id.empty()) {
        section.require("tenant_id", "the tenant's ID (a GUID) or one of its domains");
    }
    if (!azure_environment().credential) {
        section.require("credential", "one of secret_file, certificate_file, federated_token_file, managed_identity");
    }
    if (!std::holds_alternative<ManagedIdentity>(entra.credential) && entra.client_id.empty()) {
        section.require("client_id", "the application (client) ID, a GUID");
    }
}

std::string read_origin(Section& section, std::string_view key) {
    const auto found = section.text(key);
    if (!found) {
        return {};
    }
    const auto url = parse_server_url(found->value);
    const std::string_view expected = "expected an origin such as https://graph.microsoft.com";
    if (!url) {
        section.error(key, fmt::format("{}: {}", expected, url.error()));
    } else if (url->scheme != "https") {
        section.error(key, fmt::format("{}, found {}://: tokens go over HTTPS only", expected, url->scheme));
    } else if (!url->user.empty() || url->has_password) {
        section.error(key, fmt::format("{}, found a URL with a user: remove it", expected));
    } else {
        return url->to_string();
    }
    return {};
}

void read_endpoints(Section& section, EntraSettings& entra) {
    static constexpr std::array<std::pair<std::string_view, Cloud>, 4> clouds{
        {{"global", Cloud::global}, {"usgov", Cloud::usgov}, {"usgov_dod", Cloud::usgov_dod}, {"china", Cloud::china}}};
    const auto cloud = section.choice<Cloud>("cloud", clouds);
    entra.authority_url = read_origin(section, "authority_url");
    entra.graph_url = read_origin(section, "graph_url");
    // The file decides where it says anything about it.
    if (const std::string host = azure_environment().authority_host;
        !section.has("cloud") && !section.has("authority_url") && !host.empty()) {
        const auto url = parse_server_url(host);
        if (!url || url->scheme != "https") {
            section.error("authority_url", fmt::format("expected an https:// origin in the environment's "
                                                       "AZURE_AUTHORITY_HOST, found {}",
                                                       in_quotes(host)));
        } else {
            entra.authority_url = url->to_string();
        }
    }
    // A token of one cloud is worth nothing to the Graph of another.
    const auto authority = parse_server_url(entra.authority_url);
    const auto named = authority ? cloud_of_authority(authority->host) : std::nullopt;
    entra.cloud = cloud.value_or(named.value_or(Cloud::global));
    if (section.has("cloud") && section.has("authority_url") && section.has("graph_url")) {
        section.warning("cloud", "it does nothing beside authority_url and graph_url: remove it");
    }
}

void read_proxy(Section& section, EntraSettings& entra) {
    entra.proxy_password_file = section.path("proxy_password_file", FileKind::secret).value_or(Path());
    const auto found = section.text("proxy");
    if (!found) {
        section.forbid("proxy_password_file", "it belongs to proxy, which is missing");
        return;
    }
    const auto url = parse_server_url(found->value);
    const std::string_view expected = "expected a proxy such as http://proxy.example.com:3128";
    if (!url) {
        section.error("proxy", fmt::format("{}: {}", expected, url.error()));
    } else if (url->has_password) {
        section.error("proxy",
                      "a secret must not stand in this file: write http://USER@HOST:PORT and put the password in a "
                      "file of its own (chmod 600), named with proxy_password_file");
    } else if (url->scheme != "http" && url->scheme != "https") {
        section.error("proxy",
                      fmt::format("{}, found {}://: the scheme is http:// or https://", expected, url->scheme));
    } else if (url->user.empty() && section.has("proxy_password_file")) {
        section.error("proxy", "proxy_password_file is given, but no user: write http://USER@HOST:PORT");
    } else {
        entra.proxy = url->to_string();
    }
}

void read_activity(Section& section, std::string_view key, std::vector<std::string>& names) {
    const auto found = section.texts(key);
    if (!section.has(key)) {
        return;
    }
    names.clear();  // an empty list is meant: such events are not looked for
    for (const auto& name : found) {
        names.push_back(name.value);
    }
}

void read_activities(Section& entra, AuditActivities& activities) {
    auto section = entra.section("activities");
    if (!section) {
        return;
    }
    read_activity(*section, "ngc_added", activities.ngc_added);
    read_activity(*section, "ngc_deleted", activities.ngc_deleted);
    read_activity(*section, "fido_added", activities.fido_added);
    read_activity(*section, "fido_deleted", activities.fido_deleted);
    section->finish();
}

void read_audit_files(Section& section, EntraSettings& entra) {
    for (const auto& pattern : section.texts("audit_files")) {
        const auto path = resolve_config_path(pattern.value, section.report().file());
        if (!path) {
            section.report().error(pattern.place, path.error());
            continue;
        }
        const Path folder = path->parent_path();
        std::error_code ignored;
        if (folder.string().find_first_of("*?[") == std::string::npos &&
            !std::filesystem::is_directory(folder, ignored)) {
            section.report().warning(
                pattern.place,
                fmt::format("the folder {} is not there (yet): no audit log will be read from it", folder.string()));
        }
        entra.audit_files.push_back(path->string());
    }
    if (section.has("audit_files") && entra.audit_files.empty()) {
        section.warning("audit_files", "the list is empty: remove the key");
    }
}

// More than Microsoft documents is for private endpoints, and for tenants whose limit was raised.
constexpr int most_reports_requests = 1000;

void read_reports_limit(Section& section, EntraSettings& entra) {
    const auto written = section.text("reports_limit");
    if (!written) {
        return;
    }
    const std::string& text = written->value;
    int limit = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc{} || end != text.data() + text.size() || limit < 1 || limit > most_reports_requests) {
        section.error("reports_limit", fmt::format("expected requests in 10 s, a number from 1 to {}, found \"{}\"",
                                                   most_reports_requests, text));
        return;
    }
    entra.reports_limit = limit;
}

}  // namespace

EntraSettings read_entra(Section section) {
    static constexpr std::array<std::pair<std::string_view, RegistrationSource>, 2> sources{
        {{"audit", RegistrationSource::audit}, {"report", RegistrationSource::report}}};
    EntraSettings entra;
    read_audit_files(section, entra);
    read_account(section, entra);
    read_endpoints(section, entra);
    read_proxy(section, entra);
    entra.ca_file = section.path("ca_file", FileKind::readable).value_or(Path());
    entra.poll_interval = section.duration("poll_interval").value_or(entra.poll_interval);
    entra.lookback = section.duration("lookback").value_or(entra.lookback);
    entra.overlap = section.duration("overlap").value_or(entra.overlap);
    entra.registrations = section.choice<RegistrationSource>("registrations", sources).value_or(entra.registrations);
    read_activities(section, entra.activities);
    read_reports_limit(section, entra);
    section.finish();
    return entra;
}

}  // namespace keysyncd::config
