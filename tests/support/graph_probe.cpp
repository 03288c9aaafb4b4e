// Runs GraphReader against a server, for the integration tests: settings as JSON in the first argument, one call a line
// on stdin, {"call": "registrations", "since": "..."}, its outcome as one JSON line on stdout. "stop_after_ms" in a
// call requests a stop after that time.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <thread>

#include "entra/audit_file_reader.hpp"
#include "entra/curl_client.hpp"
#include "entra/graph_reader.hpp"

namespace json = boost::json;
namespace entra = keysyncd::entra;
namespace config = keysyncd::config;

namespace {

std::string text(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value == nullptr || !value->is_string() ? std::string{} : std::string{value->get_string()};
}

std::int64_t number(const json::object& object, std::string_view name, std::int64_t otherwise) {
    const json::value* value = object.if_contains(name);
    return value == nullptr ? otherwise : value->to_number<std::int64_t>();
}

config::Credential credential_of(const json::object& given) {
    if (given.contains("certificate_file")) {
        config::ClientCertificate files;
        files.certificate_file = text(given, "certificate_file");
        files.key_file = text(given, "key_file");
        files.password_file = text(given, "password_file");
        if (text(given, "algorithm") == "RS256") {
            files.algorithm = config::AssertionAlgorithm::rs256;
        }
        return files;
    }
    if (given.contains("federated_token_file")) {
        return config::FederatedToken{text(given, "federated_token_file")};
    }
    if (given.contains("managed_identity")) {
        const std::string identity = text(given, "managed_identity");
        return config::ManagedIdentity{identity == "system" ? std::string{} : identity};
    }
    return config::ClientSecret{text(given, "secret_file")};
}

config::EntraSettings settings_of(const json::object& given) {
    config::EntraSettings settings;
    settings.tenant_id = text(given, "tenant_id");
    settings.client_id = text(given, "client_id");
    settings.credential = credential_of(given.at("credential").as_object());
    settings.authority_url = text(given, "authority_url");
    settings.graph_url = text(given, "graph_url");
    settings.ca_file = text(given, "ca_file");
    settings.proxy = text(given, "proxy");
    settings.proxy_password_file = text(given, "proxy_password_file");
    return settings;
}

json::object event_of(const entra::RegistrationEvent& event) {
    return {{"event_id", event.event_id},
            {"kind", event.kind == entra::EventKind::registered ? "registered" : "deleted"},
            {"key_kind", event.key_kind == entra::KeyKind::ngc ? "ngc" : "fido"},
            {"at", entra::format_rfc3339(event.at)},
            {"user_id", event.user_id},
            {"user_principal_name", event.user_principal_name}};
}

json::object user_of(const entra::EntraUser& user) {
    return {
        {"id", user.id},
        {"user_principal_name", user.user_principal_name},
        {"sync_enabled", user.on_premises_sync_enabled ? json::value(*user.on_premises_sync_enabled) : json::value()},
        {"sid", user.on_premises_security_identifier},
        {"immutable_id", user.on_premises_immutable_id},
        {"provisioning_errors", user.has_provisioning_errors}};
}

json::object error_of(const entra::GraphError& error) {
    return {{"failure", entra::to_string(error.failure)}, {"detail", error.detail}};
}

class Probe {
  public:
    explicit Probe(const json::object& given)
        : reader_(settings_of(given), observer(),
                  std::make_unique<entra::CurlClient>(entra::CurlSettings{text(given, "ca_file"), text(given, "proxy"),
                                                                          text(given, "proxy_password_file")}),
                  clock_, limits_of(given)) {}

    json::object run(const json::object& call, const std::stop_token& stop) {
        json::object outcome = dispatch(call, stop);
        outcome["requests"] = std::exchange(requests_, {});
        outcome["throttled_seconds"] = std::exchange(throttled_, 0.0);
        outcome["malformed"] = std::exchange(malformed_, {});
        if (const auto offset = reader_.clock_offset()) {
            outcome["clock_offset"] = std::chrono::duration<double>(*offset).count();
        }
        return outcome;
    }

  private:
    static entra::SessionLimits limits_of(const json::object& given) {
        entra::SessionLimits limits;
        limits.request_deadline = std::chrono::milliseconds{number(given, "request_deadline_ms", 10'000)};
        limits.patience = std::chrono::milliseconds{number(given, "patience_ms", 30'000)};
        limits.reports_window = std::chrono::milliseconds{number(given, "reports_window_ms", 10'050)};
        limits.max_body_bytes = static_cast<std::size_t>(number(given, "max_body_bytes", 32 << 20));
        return limits;
    }

    entra::GraphObserver observer() {
        return {.on_request =
                    [this](std::string_view endpoint, std::string_view code) {
                        requests_.emplace_back(fmt::format("{} {}", endpoint, code));
                    },
                .on_throttled =
                    [this](std::chrono::nanoseconds waited) {
                        throttled_ += std::chrono::duration<double>(waited).count();
                    },
                .on_malformed = [this](std::string_view detail) { malformed_.emplace_back(detail); }};
    }

    json::object dispatch(const json::object& call, const std::stop_token& stop) {
        const std::string name = text(call, "call");
        if (name == "registrations") {
            return registrations(call, stop);
        }
        if (name == "user") {
            const auto user = reader_.read_user(text(call, "user"), stop);
            if (!user) {
                return {{"error", error_of(user.error())}};
            }
            return {{"user", *user ? json::value(user_of(**user)) : json::value()}};
        }
        if (name == "organization") {
            const auto sync = reader_.read_organization(stop);
            if (!sync) {
                return {{"error", error_of(sync.error())}};
            }
            return {
                {"sync_enabled", sync->sync_enabled ? json::value(*sync->sync_enabled) : json::value()},
                {"last_sync", sync->last_sync ? json::value(entra::format_rfc3339(*sync->last_sync)) : json::value()}};
        }
        if (name == "methods") {
            return methods(call, stop);
        }
        if (name == "users") {
            return users(call, stop);
        }
        if (name == "survey") {
            return survey(call, stop);
        }
        if (name == "audit_files") {
            return audit_files(call, stop);
        }
        throw std::runtime_error("no such call: " + name);
    }

    json::object methods(const json::object& call, const std::stop_token& stop) {
        const auto kind = text(call, "kind") == "fido" ? entra::KeyKind::fido : entra::KeyKind::ngc;
        const auto answer = reader_.read_methods(text(call, "user"), kind, stop);
        if (!answer) {
            return {{"error", error_of(answer.error())}};
        }
        json::array found;
        for (const entra::AuthenticationMethod& method : answer->methods) {
            found.push_back({{"id", method.id},
                             {"created_at", method.created_at ? entra::format_rfc3339(*method.created_at) : ""}});
        }
        return {{"methods", std::move(found)}, {"known", answer->knowledge == entra::MethodsKnowledge::known}};
    }

    json::object users(const json::object& call, const std::stop_token& stop) {
        std::vector<std::string> wanted;
        for (const json::value& user : call.at("users").as_array()) {
            wanted.emplace_back(user.as_string());
        }
        const auto answers = reader_.read_users(wanted, stop);
        if (!answers) {
            return {{"error", error_of(answers.error())}};
        }
        json::array found;
        for (const entra::UserAnswer& answer : *answers) {
            found.push_back({{"asked", answer.asked},
                             {"user", answer.user ? json::value(user_of(*answer.user)) : json::value()},
                             {"failed", answer.error.has_value()}});
        }
        return {{"users", std::move(found)}};
    }

    /// The state goes through text each time, as it does in a daemon that is restarted.
    json::object survey(const json::object& call, const std::stop_token& stop) {
        auto state = entra::parse_survey_state(survey_).value();
        if (!state.baseline) {
            state.baseline = entra::parse_rfc3339(text(call, "since"));
        }
        json::array events;
        auto report = reader_.read_registration_report(state, stop);
        if (!report) {
            return {{"error", error_of(report.error())}};
        }
        const auto pass =
            reader_.survey_registrations(state, report->moved, clock_.now(), 1000, sink_into(events), stop);
        survey_ = entra::serialize(state);
        json::object outcome{{"events", std::move(events)}};
        if (!pass) {
            outcome["error"] = error_of(pass.error());
        } else {
            outcome["asked"] = pass->asked;
        }
        return outcome;
    }

    json::object audit_files(const json::object& call, const std::stop_token& stop) {
        std::vector<std::string> patterns;
        for (const json::value& pattern : call.at("patterns").as_array()) {
            patterns.emplace_back(pattern.as_string());
        }
        json::array problems;
        entra::AuditFileReader reader(
            patterns, {},
            [&](const entra::AuditFileProblem& problem) {
                problems.push_back({{"path", problem.path}, {"line", problem.line}, {"detail", problem.detail}});
            },
            entra::parse_audit_file_cursor(files_).value());
        json::array events;
        const bool count_only = call.contains("count_only");
        const auto into = sink_into(events);
        const entra::AuditFilePass pass = reader.read(
            [&](std::vector<entra::RegistrationEvent>&& some, const entra::AuditFileCursor& cursor) {
                files_ = entra::serialize(cursor);
                return count_only || into(std::move(some));
            },
            stop);
        return {{"events", std::move(events)},   {"problems", std::move(problems)}, {"bytes", pass.bytes},
                {"records", pass.records},       {"event_count", pass.events},      {"malformed_count", pass.malformed},
                {"unreadable", pass.unreadable}, {"stopped", pass.stopped}};
    }

    static entra::EventSink sink_into(json::array& events) {
        return [&events](std::vector<entra::RegistrationEvent>&& some) {
            for (const entra::RegistrationEvent& event : some) {
                events.push_back(event_of(event));
            }
            return true;
        };
    }

    json::object registrations(const json::object& call, const std::stop_token& stop) {
        const auto since = entra::parse_rfc3339(text(call, "since"));
        if (!since) {
            throw std::runtime_error("since: an RFC 3339 time is needed");
        }
        json::array events;
        const auto read = reader_.read_registrations(*since, sink_into(events), stop);
        json::object outcome{{"events", std::move(events)}};
        if (!read) {
            outcome["error"] = error_of(read.error());
        }
        return outcome;
    }

    json::array requests_;
    json::array malformed_;
    std::string survey_ = R"({"users":{}})";
    std::string files_ = "[]";
    double throttled_ = 0;
    entra::SystemClock clock_;
    entra::GraphReader reader_;
};

/// Requests a stop after a while, unless it ends before.
std::jthread stop_after(std::int64_t milliseconds, std::stop_source source) {
    return std::jthread([milliseconds, source](const std::stop_token& ended) mutable {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        wake.wait_for(lock, ended, std::chrono::milliseconds{milliseconds}, [] { return false; });
        if (!ended.stop_requested()) {
            source.request_stop();
        }
    });
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: graph_probe SETTINGS_AS_JSON < CALLS\n";
        return 2;
    }
    try {
        Probe probe(json::parse(argv[1]).as_object());
        for (std::string line; std::getline(std::cin, line);) {
            const json::value call = json::parse(line);
            std::stop_source source;
            std::jthread timer;
            if (call.as_object().contains("stop_after_ms")) {
                timer = stop_after(call.at("stop_after_ms").to_number<std::int64_t>(), source);
            }
            std::cout << json::serialize(probe.run(call.as_object(), source.get_token())) << std::endl;
        }
    } catch (const std::exception& wrong) {
        std::cerr << "graph_probe: " << wrong.what() << '\n';
        return 1;
    }
    return 0;
}
