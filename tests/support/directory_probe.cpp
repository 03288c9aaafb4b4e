// Drives a DomainReader from a test: settings from the command line, commands from stdin, answers as JSON lines on
// stdout. Commands: "poll", "sweep" (poll with sweep_due), "look N" (a sweep of so many users), "sid SID" and "guid
// GUID" (look up), "forget" (all cursors), "spoil" (the DirSync cookies), "watch GUID KEYID" (has it arrived on the
// observed server?). It keeps the cursors as the ledger would.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <csignal>
#include <iostream>
#include <map>
#include <string>

#include "config/settings.hpp"
#include "ldap/arrival_watch.hpp"
#include "ldap/deadline_supervisor.hpp"
#include "ldap/domain_reader.hpp"
#include "ldap/hex.hpp"

namespace {

namespace json = boost::json;
using namespace keysyncd;

json::object to_json(const ldap::DirectoryUser& user) {
    json::array keys;
    for (const auto& key : user.keys) {
        json::object object{{"key_id", ldap::encode_hex(key.key_id)},
                            {"usage", ldap::to_string(key.usage)},
                            {"source", ldap::to_string(key.source)}};
        if (key.write) {
            object["written_at"] = std::chrono::floor<std::chrono::seconds>(key.write->at).time_since_epoch().count();
            object["version"] = key.write->version;
        }
        keys.push_back(std::move(object));
    }
    json::array removed;
    for (const auto& key_id : user.removed_keys) {
        removed.push_back(json::value(ldap::encode_hex(key_id)));
    }
    json::array malformed;
    for (const auto& value : user.malformed) {
        malformed.push_back(json::value(value.kind));
    }
    return {{"event", "user"},
            {"guid", user.object_guid.to_string()},
            {"sid", user.object_sid.to_string()},
            {"dn", user.dn},
            {"upn", user.user_principal_name},
            {"sam", user.sam_account_name},
            {"protected", user.protected_account},
            {"disabled", user.disabled},
            {"deleted", user.deleted},
            {"when_changed", user.when_changed ? user.when_changed->time_since_epoch().count() : 0},
            {"usn_changed", user.usn_changed},
            {"incremental", user.key_set == ldap::KeySet::incremental},
            {"keys", std::move(keys)},
            {"removed_keys", std::move(removed)},
            {"malformed", std::move(malformed)}};
}

void print(const json::object& line) {
    std::cout << json::serialize(line) << std::endl;
}

void print_error(const ldap::PollError& error) {
    print({{"event", "error"},
           {"failure", ldap::to_string(error.failure)},
           {"server", error.server},
           {"detail", error.detail}});
}

class PrintingSink : public ldap::PassSink {
  public:
    void begin(const ldap::PassStart& start) override {
        print({{"event", "begin"},
               {"kind", ldap::to_string(start.kind)},
               {"server", start.server},
               {"reason", start.reason},
               {"may_lag", start.may_lag}});
    }
    std::vector<bool> with_news(std::span<const ldap::DirectoryUser> batch) override {
        return std::vector<bool>(batch.size(), true);
    }
    bool users(std::vector<ldap::DirectoryUser>&& batch) override {
        for (const auto& user : batch) {
            print(to_json(user));
        }
        return true;
    }
};

void print_end(const ldap::DomainReader& reader, const std::expected<ldap::PassEnd, ldap::PollError>& end) {
    if (!end) {
        print_error(end.error());
        return;
    }
    json::array warnings;
    for (const auto& warning : end->warnings) {
        warnings.push_back(json::value(warning));
    }
    print({{"event", "end"},
           {"kind", ldap::to_string(end->start.kind)},
           {"server", end->start.server},
           {"reason", end->start.reason},
           {"usn", end->cursor.usn},
           {"invocation_id", end->cursor.invocation_id.to_string()},
           {"entries", end->entries},
           {"domain_sid", end->domain_sid.to_string()},
           {"base_dn", end->base_dn},
           {"clock_offset", std::chrono::duration<double>(end->start.clock_offset).count()},
           {"certificate_expiry", end->certificate_expiry ? end->certificate_expiry->time_since_epoch().count() : 0},
           {"dirsync", end->dirsync},
           {"tracking_reason", end->tracking_reason},
           {"cookie_bytes", end->cursor.dirsync_cookie.size()},
           {"newest_usn", end->cursor.newest_usn},
           {"cut_short", end->cut_short},
           {"lag_untold", end->lag_untold},
           {"connections", reader.connections()},
           {"warnings", std::move(warnings)}});
}

void poll(ldap::DomainReader& reader, std::vector<ldap::DirectoryCursor>& cursors, bool sweep_due) {
    PrintingSink sink;
    const auto end = reader.poll(cursors, sweep_due, sink, {});
    if (end) {
        std::erase_if(cursors, [&](const auto& cursor) {
            return cursor.server == end->cursor.server ||
                   std::ranges::find(end->given_up, cursor.server) != end->given_up.end();
        });
        cursors.push_back(end->cursor);
    }
    print_end(reader, end);
}

void look_up(ldap::DomainReader& reader, const ldap::AccountQuery& query) {
    const auto found = reader.look_up(query, {});
    if (!found) {
        print_error(found.error());
    } else if (*found) {
        print(to_json(**found));
    } else {
        print({{"event", "absent"}});
    }
}

void watch(ldap::ArrivalWatch& watch, const std::string& arguments) {
    const auto space = arguments.find(' ');
    ldap::AwaitedKey key{.user = ldap::Guid::parse(arguments.substr(0, space)).value(), .key_id = {}};
    const auto digits = arguments.substr(space + 1);
    key.key_id.resize(digits.size() / 2);
    if (!ldap::decode_hex(digits, key.key_id)) {
        throw std::runtime_error("not hexadecimal: " + digits);
    }
    const auto arrivals = watch.look(std::span(&key, 1), {});
    if (!arrivals) {
        print_error(arrivals.error());
        return;
    }
    const bool arrived = !arrivals->empty();
    print({{"event", "arrival"},
           {"arrived", arrived},
           {"when_changed", arrived ? arrivals->front().when_changed->time_since_epoch().count() : 0}});
}

struct Arguments {
    config::DomainSettings settings;
    ldap::ConnectionLimits limits;
};

Arguments parse_arguments(int argc, char** argv) {
    Arguments parsed;
    config::DomainSettings& settings = parsed.settings;
    settings.name = "probe";
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        const auto equals = argument.find('=');
        const auto name = argument.substr(0, equals);
        const auto value = equals == std::string::npos ? std::string{} : argument.substr(equals + 1);
        if (name == "server") {
            settings.servers.push_back(value);
        } else if (name == "observe") {
            settings.observe_servers.push_back(value);
        } else if (name == "discover") {
            settings.discover = true;
            settings.name = value;
        } else if (name == "site") {
            settings.site = value;
        } else if (name == "ca") {
            settings.tls.ca_file = value;
        } else if (name == "start_tls") {
            settings.tls.start_tls = value == "true";
        } else if (name == "dn") {
            settings.bind.dn = value;
        } else if (name == "password_file") {
            settings.bind.password_file = value;
        } else if (name == "bind") {
            settings.bind.method = value == "gssapi"     ? config::BindMethod::gssapi
                                   : value == "external" ? config::BindMethod::external
                                                         : config::BindMethod::simple;
        } else if (name == "keytab") {
            settings.bind.keytab = value;
        } else if (name == "principal") {
            settings.bind.principal = value;
        } else if (name == "certificate") {
            settings.tls.certificate_file = value;
        } else if (name == "key") {
            settings.tls.key_file = value;
        } else if (name == "base") {
            settings.base_dn = value;
        } else if (name == "limit") {
            parsed.limits = ldap::ConnectionLimits::all(std::chrono::milliseconds(std::stoi(value)));
        } else if (name == "page_size") {
            parsed.limits.page_size = std::stoi(value);
        } else if (name == "tracking") {
            settings.change_tracking = value == "dirsync" ? config::ChangeTracking::dirsync
                                       : value == "usn"   ? config::ChangeTracking::usn
                                                          : config::ChangeTracking::automatic;
        } else if (name == "filter") {
            settings.filter = value;
        } else {
            throw std::runtime_error(fmt::format("unknown argument {}", argument));
        }
    }
    return parsed;
}

}  // namespace

int main(int argc, char** argv) try {
    std::signal(SIGPIPE, SIG_IGN);
    ldap::DeadlineSupervisor supervisor;
    const Arguments arguments = parse_arguments(argc, argv);
    ldap::DomainReader reader(arguments.settings, supervisor, arguments.limits);
    std::optional<ldap::ArrivalWatch> observed;
    if (!arguments.settings.observe_servers.empty()) {
        observed.emplace(arguments.settings, arguments.settings.observe_servers.front(), supervisor, arguments.limits);
    }
    std::vector<ldap::DirectoryCursor> cursors;
    for (std::string line; std::getline(std::cin, line);) {
        if (line == "poll" || line == "sweep") {
            poll(reader, cursors, line == "sweep");
        } else if (line.starts_with("look ")) {
            PrintingSink sink;
            print_end(reader, reader.look(std::stoull(line.substr(5)), sink, {}));
        } else if (line == "forget") {
            cursors.clear();
        } else if (line == "spoil") {
            for (auto& cursor : cursors) {
                cursor.dirsync_cookie = "no cookie at all";
                --cursor.usn;
            }
        } else if (line.starts_with("sid ")) {
            look_up(reader, {.sid = ldap::Sid::parse(line.substr(4)).value(), .immutable_id = {}});
        } else if (line.starts_with("watch ") && observed) {
            watch(*observed, line.substr(6));
        } else if (line == "rest" && observed) {
            print({{"event", "rest"}, {"arrivals", observed->look({}, {}).value().size()}});
        } else if (line.starts_with("guid ")) {
            look_up(reader, {.sid = {}, .immutable_id = ldap::Guid::parse(line.substr(5))});
        } else {
            print({{"event", "unknown command"}, {"command", line}});
        }
    }
    return 0;
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
}
