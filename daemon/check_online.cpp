#include "daemon/check_online.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <ostream>
#include <set>
#include <stop_token>

#include "daemon/ledger.hpp"
#include "entra/graph_reader.hpp"
#include "entra/graph_time.hpp"
#include "ldap/deadline_supervisor.hpp"
#include "ldap/domain_reader.hpp"
#include "ldap/write_times.hpp"

namespace keysyncd::daemon {
namespace {

// Enough to prove the rights, too little to burden a domain controller with a sweep of a large domain.
constexpr std::uint64_t users_looked_at = 5000;
constexpr std::chrono::seconds largest_sound_offset{5};
constexpr std::chrono::days expiry_warning{14};

class Verdicts {
  public:
    explicit Verdicts(std::ostream& out) : out_(out) {}
    void ok(std::string_view what, std::string_view detail) { line("ok", what, detail); }
    void warn(std::string_view what, std::string_view detail) { line("warn", what, detail); }
    void fail(std::string_view what, std::string_view detail) {
        line("fail", what, detail);
        failed_ = true;
    }
    [[nodiscard]] int exit_code() const { return failed_ ? 1 : 0; }

  private:
    void line(std::string_view verdict, std::string_view what, std::string_view detail) {
        fmt::print(out_, "{:<4} {}: {}\n", verdict, what, detail);
        out_.flush();
    }
    std::ostream& out_;
    bool failed_ = false;
};

class CountingSink final : public ldap::PassSink {
  public:
    void begin(const ldap::PassStart&) override {}
    bool users(std::vector<ldap::DirectoryUser>&& batch) override {
        for (const ldap::DirectoryUser& user : batch) {
            ++users_read;
            keys += user.keys.size();
            malformed += user.malformed.size();
            for (const ldap::DirectoryKey& key : user.keys) {
                exact += key.write ? 1U : 0U;
            }
        }
        return users_read < users_looked_at;
    }
    std::vector<bool> with_news(std::span<const ldap::DirectoryUser> batch) override {
        std::vector<bool> first(asked_ ? 0 : batch.size());
        if (!first.empty()) {
            first.front() = true;  // one user tells whether the metadata may be read
            asked_ = true;
        }
        return first;
    }

    std::uint64_t users_read = 0;
    std::uint64_t keys = 0;
    std::uint64_t malformed = 0;
    std::uint64_t exact = 0;

  private:
    bool asked_ = false;
};

void tell_expiry(Verdicts& verdicts, const std::string& what, std::chrono::sys_seconds not_after, Instant now) {
    const std::string text = "the certificate is valid until " + entra::format_rfc3339(not_after, 0);
    if (not_after - std::chrono::floor<std::chrono::seconds>(now) < expiry_warning) {
        verdicts.warn(what, text + ": renew it");
    } else {
        verdicts.ok(what, text);
    }
}

void tell_offset(Verdicts& verdicts, const std::string& what, std::chrono::nanoseconds offset) {
    const std::string text =
        fmt::format("the clock is {:+.1f} s from ours", std::chrono::duration<double>(offset).count());
    if (std::chrono::abs(offset) > largest_sound_offset) {
        verdicts.warn(what, text + ": check both against their time source (chronyc tracking, w32tm /query /status)");
    } else {
        verdicts.ok(what, text);
    }
}

void check_server(Verdicts& verdicts, config::DomainSettings domain, const std::string& server,
                  ldap::DeadlineSupervisor& supervisor, const Clock& clock) {
    const std::string what = server.empty() ? domain.name : fmt::format("{} {}", domain.name, server);
    if (!server.empty()) {
        domain.servers = {server};
    }
    ldap::DomainReader reader{domain, supervisor};
    CountingSink sink;
    const std::stop_source never;
    const auto pass = reader.poll({}, true, sink, never.get_token());
    const bool enough = sink.users_read >= users_looked_at;
    if (!pass && !enough) {
        verdicts.fail(what, fmt::format("{}: {}", to_string(pass.error().failure), pass.error().detail));
        return;
    }
    verdicts.ok(what, fmt::format("bound, {}{} users with {} keys can be read", enough ? "over " : "", sink.users_read,
                                  sink.keys));
    if (sink.malformed > 0) {
        verdicts.warn(what, fmt::format("{} values do not decode: see keysyncd decode", sink.malformed));
    }
    if (sink.keys > 0 && sink.exact == 0) {
        verdicts.warn(what, ldap::metadata_missing);
    } else if (sink.exact > 0) {
        verdicts.ok(what, "write times can be read exactly (msDS-ReplValueMetaData)");
    }
    if (pass) {
        verdicts.ok(what, fmt::format("changes are tracked by {}{}{}", pass->dirsync ? "DirSync" : "uSNChanged",
                                      pass->tracking_reason.empty() ? "" : ": ", pass->tracking_reason));
        tell_offset(verdicts, what, pass->start.clock_offset);
        if (pass->certificate_expiry) {
            tell_expiry(verdicts, what, *pass->certificate_expiry, clock());
        }
        for (const std::string& warning : pass->warnings) {
            verdicts.warn(what, warning);
        }
    }
}

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

void check_graph(Verdicts& verdicts, const config::EntraSettings& settings, const Clock& clock) {
    entra::GraphReader reader{settings, {}};
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
        verdicts.fail("graph audit log", words(read.error()));
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
    ldap::DeadlineSupervisor supervisor;
    for (const config::DomainSettings& domain : settings.domains) {
        for (const std::string& server : domain.servers) {
            check_server(verdicts, domain, server, supervisor, clock);
        }
        if (domain.servers.empty()) {
            check_server(verdicts, domain, "", supervisor, clock);
        }
    }
    if (settings.uses_graph()) {
        check_graph(verdicts, *settings.entra, clock);
    }
    check_ledger(verdicts, settings.ledger);
    return verdicts.exit_code();
}

}  // namespace keysyncd::daemon
