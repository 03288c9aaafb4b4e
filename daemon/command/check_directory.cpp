#include "daemon/command/check_directory.hpp"

#include <fmt/format.h>

#include <stop_token>
#include <string>
#include <vector>

#include "ldap/deadline_supervisor.hpp"
#include "ldap/domain_reader.hpp"
#include "ldap/srv_lookup.hpp"
#include "ldap/write_times.hpp"

namespace keysyncd::daemon {
namespace {

// Enough to prove the rights, too little to burden a domain controller with a sweep of a large domain.
constexpr std::uint64_t users_looked_at = 5000;

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
        return true;
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

enum class ServerRole : std::uint8_t { read, observed };

void check_server(Verdicts& verdicts, config::DomainSettings domain, const std::string& server, ServerRole role,
                  bool one_of_several, ldap::DeadlineSupervisor& supervisor, const Clock& clock) {
    const std::string what =
        fmt::format("{} {}{}", domain.name, server, role == ServerRole::observed ? " (observed)" : "");
    domain.servers = {server};
    domain.discover = false;
    ldap::DomainReader reader{domain, supervisor};
    CountingSink sink;
    const std::stop_source never;
    const auto pass = reader.look(users_looked_at, sink, never.get_token());
    if (!pass) {
        verdicts.fail(what, fmt::format("{}: {}", to_string(pass.error().failure), pass.error().detail));
        return;
    }
    verdicts.ok(what, fmt::format("bound, {}{} users with {} keys can be read", pass->cut_short ? "the first " : "",
                                  sink.users_read, sink.keys));
    if (sink.malformed > 0) {
        verdicts.warn(what, fmt::format("{} values do not decode: see keysyncd decode", sink.malformed));
    }
    if (role == ServerRole::observed) {
        return;  // asked about arrivals alone
    }
    if (sink.keys > 0 && sink.exact == 0) {
        verdicts.warn(what, ldap::metadata_missing);
    } else if (sink.exact > 0) {
        verdicts.ok(what, "write times can be read exactly (msDS-ReplValueMetaData)");
    }
    verdicts.ok(what, fmt::format("changes are tracked by {}{}{}", pass->dirsync ? "DirSync" : "uSNChanged",
                                  pass->tracking_reason.empty() ? "" : ": ", pass->tracking_reason));
    tell_offset(verdicts, what, pass->start.clock_offset);
    if (pass->certificate_expiry) {
        tell_expiry(verdicts, what, *pass->certificate_expiry, clock());
    }
    if (one_of_several && !pass->lag_untold.empty()) {
        verdicts.warn(what, pass->lag_untold);
    }
    for (const std::string& warning : pass->warnings) {
        verdicts.warn(what, warning);
    }
}

std::vector<std::string> servers_of(Verdicts& verdicts, const config::DomainSettings& domain) {
    if (!domain.discover) {
        return domain.servers;
    }
    const std::stop_source never;
    auto found = ldap::discover_servers(domain, ldap::ConnectionLimits{}.connect, never.get_token());
    if (!found) {
        verdicts.fail(domain.name, found.error());
        return domain.servers;
    }
    verdicts.ok(domain.name,
                fmt::format("the DNS names {} domain controller{}", found->size(), found->size() == 1 ? "" : "s"));
    return std::move(*found);
}

}  // namespace

void check_domain(Verdicts& verdicts, const config::DomainSettings& domain, const Clock& clock) {
    ldap::DeadlineSupervisor supervisor;
    const std::vector<std::string> servers = servers_of(verdicts, domain);
    for (const std::string& server : servers) {
        check_server(verdicts, domain, server, ServerRole::read, servers.size() > 1, supervisor, clock);
    }
    for (const std::string& server : domain.observe_servers) {
        check_server(verdicts, domain, server, ServerRole::observed, false, supervisor, clock);
    }
}

}  // namespace keysyncd::daemon
