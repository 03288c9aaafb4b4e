#include <fmt/format.h>
#include <fmt/ostream.h>

#include <ostream>

#include "daemon/command/explain_command.hpp"
#include "daemon/rules/advice.hpp"
#include "daemon/text/printable_text.hpp"
#include "daemon/text/span_text.hpp"
#include "entra/graph_time.hpp"
#include "ldap/key_findings.hpp"

namespace keysyncd::daemon {
namespace {

std::string shown(const std::optional<Instant>& at) {
    return at ? entra::format_rfc3339(*at, 0) : "unknown";
}

std::string written_text(const KeyView& key) {
    if (!key.written_latest) {
        return "not yet";
    }
    if (key.precision == metrics::Precision::exact) {
        return shown(key.written_latest) + " (exact)";
    }
    if (!key.written_earliest || *key.written_earliest == *key.written_latest) {
        return "by " + shown(key.written_latest) + " (bounded)";
    }
    return fmt::format("between {} and {} (bounded)", shown(key.written_earliest), shown(key.written_latest));
}

void write_key(std::ostream& out, const KeyView& key, Instant now) {
    fmt::print(out, "  {} key {}, {}\n", key.usage,
               key.key_id.empty() ? "that is not in the directory yet" : key.key_id,
               metrics::state_labels[static_cast<std::size_t>(key.state)]);
    if (key.device_id) {
        fmt::print(out, "    device       {}\n", *key.device_id);
    }
    fmt::print(out, "    source       {}\n", key.source);
    fmt::print(out, "    registered   {}\n", shown(key.registered_at));
    fmt::print(out, "    written      {}\n", written_text(key));
    if (key.delay) {
        fmt::print(out, "    delay        {}, {} missed cycle{}\n", span_text(*key.delay), key.missed_cycles,
                   key.missed_cycles == 1 ? "" : "s");
    } else if (!key.written_latest && key.registered_at && key.state != metrics::State::withdrawn) {
        fmt::print(out, "    waiting      {}, {} missed cycle{}\n", span_text(now - *key.registered_at),
                   key.missed_cycles, key.missed_cycles == 1 ? "" : "s");
    }
    if (key.method) {
        fmt::print(out, "    in Entra     method {}{}, shown {}\n", printable(key.method->id),
                   key.method->strength.empty() ? "" : ", strength " + printable(key.method->strength),
                   shown(key.method->known_at));
    }
    if (key.removed_at) {
        fmt::print(out, "    removed      {}\n", shown(key.removed_at));
    }
    if (key.cause) {
        fmt::print(out, "    cause        {}\n                 {}\n",
                   metrics::cause_labels[static_cast<std::size_t>(*key.cause)], advice(*key.cause));
    }
    for (std::uint8_t i = 0; i < ldap::key_finding_count; ++i) {
        const auto finding = static_cast<ldap::KeyFinding>(i);
        if ((key.findings & ldap::bit(finding)) != 0) {
            fmt::print(out, "    suspicious   {}\n                 {}\n", ldap::to_string(finding), advice(finding));
        }
    }
    for (const UserName& other : key.shared_with) {
        fmt::print(out, "    shared with  {}\n",
                   printable(other.user_principal_name.empty() ? other.dn : other.user_principal_name));
    }
}

std::string basis(const NextWrite& next, const config::SyncSettings& sync) {
    if (next.observed) {
        return "from the cycle that was observed";
    }
    return fmt::format("from {}the configured cycle of {}", next.last_sync ? "the tenant's last sync and " : "",
                       span_text(Ticks{sync.cycle}));
}

}  // namespace

std::string domains_asked(const config::Settings& settings) {
    std::string names;
    for (const config::DomainSettings& domain : settings.domains) {
        names += (names.empty() ? "" : ", ") + domain.name;
    }
    return names;
}

void write_explanation(std::ostream& out, const UserView& user, const config::Settings& settings, Instant now) {
    const UserName& name = user.user;
    fmt::print(out, "{}\n", printable(name.user_principal_name.empty() ? name.dn : name.user_principal_name));
    fmt::print(out, "  domain       {}\n", name.domain);
    if (!name.dn.empty()) {
        fmt::print(out, "  directory    {}\n", printable(name.dn));
    } else {
        fmt::print(out, "  directory    not seen in {}\n", domains_asked(settings));
    }
    if (user.protected_account) {
        fmt::print(out, "  account      protected (adminCount=1)\n");
    }
    if (user.disabled) {
        fmt::print(out, "  account      disabled\n");
    }
    if (user.keys.empty()) {
        fmt::print(out, "  no keys: none in the directory, none registered lately\n");
    }
    for (const KeyView& key : user.keys) {
        write_key(out, key, now);
    }
    if (user.blocked_by) {
        fmt::print(out, "  next write   not before the cause is mended: {}\n",
                   metrics::cause_labels[static_cast<std::size_t>(*user.blocked_by)]);
    } else if (user.next_write) {
        fmt::print(out, "  next write   expected {} (in {}), give or take {}; {}\n", shown(user.next_write->at),
                   span_text(user.next_write->at - now), span_text(user.next_write->uncertainty),
                   basis(*user.next_write, settings.sync));
    }
}

}  // namespace keysyncd::daemon
