#include "config/domain_section.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "config/bind_section.hpp"
#include "config/duration.hpp"
#include "config/escape.hpp"
#include "config/key_name.hpp"
#include "config/ldap_filter.hpp"
#include "config/url.hpp"

namespace keysyncd::config {

namespace {

TlsSettings read_tls(Section& domain) {
    TlsSettings tls;
    auto section = domain.section("tls");
    if (!section) {
        return tls;
    }
    tls.ca_file = section->path("ca_file", FileKind::readable).value_or(Path());
    tls.start_tls = section->boolean("start_tls").value_or(false);
    tls.certificate_file = section->path("certificate_file", FileKind::readable).value_or(Path());
    tls.key_file = section->path("key_file", FileKind::secret).value_or(Path());
    if (section->has("certificate_file") != section->has("key_file")) {
        section->require("certificate_file", "the certificate (PEM) that belongs to key_file");
        section->require("key_file", "the private key (PEM) that belongs to certificate_file");
    }
    section->finish();
    return tls;
}

/// A directory server's URL; with a method that sends a password or a certificate, TLS is a must.
void check_server(Report& report, const Placed<std::string>& found, BindMethod method, bool start_tls,
                  std::vector<std::string>& out) {
    const auto url = parse_server_url(found.value);
    const std::string_view expected = "expected a server such as ldaps://dc1.corp.example.com";
    if (!url) {
        report.error(
            found.place,
            fmt::format("{}, found {}: {}", expected,
                        found.value.find('@') == std::string::npos ? in_quotes(found.value) : "a URL", url.error()));
        return;
    }
    if (!url->user.empty() || url->has_password) {
        report.error(found.place, fmt::format("{}, found a URL with a user: the account belongs under bind", expected));
        return;
    }
    if (url->scheme != "ldap" && url->scheme != "ldaps") {
        report.error(found.place,
                     fmt::format("{}, found {}: the scheme is ldap:// or ldaps://", expected, in_quotes(found.value)));
        return;
    }
    if (url->scheme == "ldap" && !start_tls && method != BindMethod::gssapi) {
        report.error(found.place,
                     fmt::format("bind.method {} is done over TLS only, and {} has none: write ldaps:// or set "
                                 "tls.start_tls: true",
                                 method == BindMethod::simple ? "simple" : "external", in_quotes(found.value)));
        return;
    }
    const std::string text = url->to_string();
    if (std::ranges::find(out, text) != out.end()) {
        report.error(found.place, fmt::format("the server {} stands twice: remove one", in_quotes(text)));
        return;
    }
    out.push_back(text);
}

void read_servers(Section& section, DomainSettings& domain) {
    const auto servers = section.texts("servers");
    const auto observed = section.texts("observe_servers");
    domain.discover = section.boolean("discover").value_or(false);
    if (section.has("servers") && domain.discover) {
        section.error("discover", "servers are listed and discover is true: keep one of the two");
    } else if (!section.has("servers") && !domain.discover) {
        section.report().error(
            section.place_of("servers"),
            "the key is missing: list servers: [ldaps://dc1.corp.example.com], or set discover: true");
    } else if (section.has("servers") && servers.empty() && section.place_of("servers").line > 0) {
        section.error("servers", "expected at least one server such as ldaps://dc1.corp.example.com, found none");
    }
    for (const auto& server : servers) {
        check_server(section.report(), server, domain.bind.method, domain.tls.start_tls, domain.servers);
    }
    for (const auto& server : observed) {
        check_server(section.report(), server, domain.bind.method, domain.tls.start_tls, domain.observe_servers);
    }
    if (domain.tls.start_tls && !domain.servers.empty() &&
        std::ranges::all_of(domain.servers, [](const std::string& url) { return url.starts_with("ldaps:"); })) {
        section.warning("tls", "start_tls: true does nothing for ldaps:// servers, which speak TLS from the start");
    }
    if (const auto site = section.text("site")) {
        domain.site = site->value;
        if (!domain.discover) {
            section.error("site",
                          "a site is for discover: true only: remove it, or discover servers instead of listing them");
        } else if (!is_dns_name(site->value) || site->value.find('.') != std::string::npos) {
            section.error(
                "site", fmt::format("expected the name of an Active Directory site, found {}", in_quotes(site->value)));
        }
    }
}

void read_search(Section& section, DomainSettings& domain) {
    if (const auto base = section.text("base_dn")) {
        domain.base_dn = base->value;
        if (base->value.find('=') == std::string::npos) {
            section.error("base_dn",
                          fmt::format("expected a distinguished name such as DC=corp,DC=example,DC=com, found {}",
                                      in_quotes(base->value)));
        }
    }
    if (const auto filter = section.text("filter")) {
        domain.filter = filter->value;
        if (const std::string objection = ldap_filter_objection(filter->value); !objection.empty()) {
            section.error("filter", fmt::format("expected an LDAP filter such as (department=Sales), found {}: {}",
                                                in_quotes(filter->value), objection));
        }
    }
}

void read_intervals(Section& section, DomainSettings& domain) {
    static constexpr std::array<std::pair<std::string_view, ChangeTracking>, 3> tracking{
        {{"auto", ChangeTracking::automatic}, {"usn", ChangeTracking::usn}, {"dirsync", ChangeTracking::dirsync}}};
    domain.change_tracking =
        section.choice<ChangeTracking>("change_tracking", tracking).value_or(domain.change_tracking);
    domain.poll_interval = section.duration("poll_interval").value_or(domain.poll_interval);
    domain.full_sweep_interval = section.duration("full_sweep_interval").value_or(domain.full_sweep_interval);
    if (domain.full_sweep_interval < domain.poll_interval) {
        constexpr std::string_view why = "a sweep reads all users, a poll only what changed";
        const std::string sweep = format_duration(domain.full_sweep_interval);
        const std::string poll = format_duration(domain.poll_interval);
        if (section.has("full_sweep_interval")) {
            section.error("full_sweep_interval",
                          fmt::format("{} is shorter than poll_interval, {}: {}", sweep, poll, why));
        } else {
            section.error(
                "poll_interval",
                fmt::format("{} is longer than full_sweep_interval, {} where it is missing: {}", poll, sweep, why));
        }
    }
}

/// The names are those of the metric's label `reason`; a test holds them against ldap/key_findings.hpp.
void read_findings(Section& domain, FindingSettings& findings) {
    static constexpr std::array<std::string_view, 10> names{
        "source_ad", "unmatched",  "created_after_write", "key_hash_wrong",   "tool_fingerprint",
        "roca",      "shared_key", "protected_account",   "disabled_account", "short_lived"};
    auto section = domain.section("findings");
    if (!section) {
        return;
    }
    findings.keys_registered_on_premises = section->boolean("keys_registered_on_premises").value_or(false);
    for (const auto& name : section->texts("ignore")) {
        if (std::ranges::find(names, name.value) != names.end()) {
            findings.ignore.push_back(name.value);
            continue;
        }
        const std::string_view near = nearest_name(name.value, names);
        section->report().error(
            name.place, fmt::format("expected one of {}, found {}{}", fmt::join(names, ", "), in_quotes(name.value),
                                    near.empty() ? "" : fmt::format(": did you mean {}?", near)));
    }
    section->finish();
}

DomainSettings read_domain(Section& section) {
    DomainSettings domain;
    section.require("name", "the domain's DNS name, such as corp.example.com");
    if (const auto name = section.text("name")) {
        domain.name = to_lower(name->value);
        if (!is_dns_name(domain.name)) {
            section.error(
                "name", fmt::format("expected a DNS name such as corp.example.com, found {}", in_quotes(name->value)));
        }
    }
    domain.tls = read_tls(section);
    domain.bind = read_bind(section);
    if (domain.bind.method == BindMethod::external && domain.tls.certificate_file.empty()) {
        section.error("tls",
                      "bind.method external shows a client certificate: give tls.certificate_file and tls.key_file");
    }
    read_servers(section, domain);
    read_search(section, domain);
    read_intervals(section, domain);
    read_findings(section, domain.findings);
    section.finish();
    return domain;
}

}  // namespace

std::vector<DomainSettings> read_domains(Section& root) {
    std::vector<DomainSettings> domains;
    std::map<std::string, int> first_line;
    auto sections = root.sections("domains");
    for (Section& section : sections) {
        domains.push_back(read_domain(section));
        const std::string& name = domains.back().name;
        const int line = section.place_of("name").line;
        if (const auto [first, fresh] = first_line.emplace(name, line); !fresh && !name.empty()) {
            section.error("name", fmt::format("the domain {} stands twice, first on line {}: remove one",
                                              in_quotes(name), first->second));
        }
    }
    root.require("domains", "at least one Active Directory domain, with name, servers and bind");
    return domains;
}

}  // namespace keysyncd::config
