#include "daemon/command/check_online.hpp"

#include <fmt/format.h>

#include <ostream>
#include <stop_token>

#include "daemon/command/check_directory.hpp"
#include "daemon/command/verdicts.hpp"
#include "daemon/ledger/ledger.hpp"
#include "daemon/monitor/request_lanes.hpp"
#include "entra/graph_reader.hpp"
#include "entra/graph_time.hpp"

namespace keysyncd::daemon {
namespace {

std::string words(const entra::GraphError& error) {
    return fmt::format("{}: {}", to_string(error.failure), error.detail);
}

// What the tenant's synchronisation is set up to do, where that may be read: nothing depends on it.
void check_sync_features(Verdicts& verdicts, entra::GraphReader& reader) {
    const std::stop_source never;
    const auto features = reader.read_sync_features(never.get_token());
    if (!features) {
        verdicts.warn("graph synchronization", words(features.error()));
    } else if (!*features) {
        verdicts.ok("graph synchronization",
                    "its features are not shown (OnPremDirectorySynchronization.Read.All): nothing depends on them");
    } else {
        const auto shown = [](const std::optional<bool>& feature) {
            return !feature ? "not told" : *feature ? "on" : "off";
        };
        verdicts.ok(
            "graph synchronization",
            fmt::format("password sync {}, device write-back {}, user write-back {}", shown((*features)->password_sync),
                        shown((*features)->device_writeback), shown((*features)->user_writeback)));
    }
}

void check_graph(Verdicts& verdicts, const config::Settings& all, const Clock& clock) {
    const config::EntraSettings& settings = *all.entra;
    entra::GraphReader reader{settings, {}, lane_beside_daemon(all)};
    const std::stop_source never;
    std::string user;
    std::uint64_t events = 0;
    const auto read = reader.read_registrations(
        clock() - Ticks{settings.lookback},
        [&](std::vector<entra::RegistrationEvent>&& page) {
            events += page.size();
            if (!page.empty()) {
                user = page.back().user_id.empty() ? page.back().user_principal_name : page.back().user_id;
            }
            return false;  // one page proves the right
        },
        never.get_token());
    if (!read && read.error().failure != entra::GraphFailure::stopped) {
        if (is_not_offered(read.error()) && !settings.audit_files.empty()) {
            verdicts.warn("graph audit log", words(read.error()) + "; registrations come from entra.audit_files alone");
        } else {
            verdicts.fail("graph audit log", words(read.error()));
        }
        if (read.error().failure == entra::GraphFailure::token) {
            return;
        }
    } else {
        verdicts.ok("graph audit log",
                    fmt::format("readable, {} registrations and deletions on its first page", events));
    }
    const auto organization = reader.read_organization(never.get_token());
    if (!organization) {
        verdicts.fail("graph organization", words(organization.error()));
    } else if (!organization->sync_enabled.value_or(false)) {
        verdicts.fail("graph organization", "the tenant is not synchronised from on premises: is it the right tenant?");
    } else {
        verdicts.ok("graph organization",
                    organization->last_sync ? "last synchronised " + entra::format_rfc3339(*organization->last_sync, 0)
                                            : std::string{"synchronised, time unknown"});
    }
    check_sync_features(verdicts, reader);
    if (!user.empty()) {
        const auto answer = reader.read_user(user, never.get_token());
        if (!answer) {
            verdicts.fail("graph users", words(answer.error()));
        } else {
            verdicts.ok("graph users", "readable");
        }
        const auto methods = reader.read_methods(user, entra::KeyKind::ngc, never.get_token());
        if (!methods) {
            verdicts.warn("graph methods", words(methods.error()));
        } else {
            verdicts.ok("graph methods", "readable");
        }
    }
    if (const auto offset = reader.clock_offset()) {
        tell_offset(verdicts, "graph", *offset);
    }
    if (const auto expiry = reader.certificate_expiry()) {
        tell_expiry(verdicts, "graph credential", *expiry, clock());
    }
}

void check_ledger(Verdicts& verdicts, const config::LedgerSettings& settings) {
    const std::filesystem::path folder = settings.path.parent_path();
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error)) {
        verdicts.fail("ledger",
                      fmt::format("{} is no folder: create it, owned by the account of the daemon", folder.string()));
    } else {
        verdicts.ok("ledger", settings.path.string());
    }
}

}  // namespace

int check_online(const config::Settings& settings, std::ostream& out, const Clock& clock) {
    Verdicts verdicts{out};
    for (const config::DomainSettings& domain : settings.domains) {
        check_domain(verdicts, domain, clock);
    }
    if (settings.uses_graph()) {
        check_graph(verdicts, settings, clock);
    }
    check_ledger(verdicts, settings.ledger);
    return verdicts.exit_code();
}

}  // namespace keysyncd::daemon
