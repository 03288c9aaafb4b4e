#include "tests/unit/daemon/monitor/graph_bench.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace keysyncd::daemon::test {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> endpoints{{{"/oauth2/", "token"},
                                                                                  {"/directoryAudits", "audit"},
                                                                                  {"/$batch", "batch"},
                                                                                  {"/organization", "organization"},
                                                                                  {"/onPremises", "features"},
                                                                                  {"/userRegistration", "report"},
                                                                                  {"ForBusinessMethods", "methods"},
                                                                                  {"/fido2Methods", "methods"}}};

std::string endpoint_of(std::string_view url) {
    const auto found = std::ranges::find_if(endpoints, [url](const auto& known) { return url.contains(known.first); });
    return found == endpoints.end() ? "other" : std::string{found->second};
}

/// The user of ".../users/USER?..." or ".../users/USER/...".
std::string user_in(std::string_view url) {
    std::string_view rest = url.substr(url.find("users/") + 6);
    std::string user{rest.substr(0, rest.find_first_of("/?"))};
    for (std::size_t at = user.find("%40"); at != std::string::npos; at = user.find("%40")) {
        user.replace(at, 3, "@");
    }
    return user;
}

std::string http_date(Instant at) {
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(
                           std::chrono::time_point_cast<std::chrono::system_clock::duration>(at))));
}

}  // namespace

GraphBench::GraphBench() {
    std::ofstream(folder.path() / "secret") << "s";
    std::filesystem::permissions(folder.path() / "secret", std::filesystem::perms::owner_read);
    settings.entra->tenant_id = "t";
    settings.entra->client_id = "c";
    settings.entra->credential = config::ClientSecret{folder.path() / "secret"};
    graph_clock.epoch = now;
    connect();
}

void GraphBench::connect() {
    reader = std::make_unique<entra::GraphReader>(
        *settings.entra, entra::GraphObserver{},
        std::make_unique<RoutedHttp>([this](const entra::Request& request) { return answer(request); }), graph_clock);
}

void GraphBench::advance(Ticks by) {
    now += by;
    graph_clock.epoch = now - std::chrono::duration_cast<Ticks>(graph_clock.passed);
}

AtLedgerDesk GraphBench::at_desk() {
    return [this](const std::function<void(LedgerDesk&)>& work) { work(*desk); };
}

Tell GraphBench::tell() {
    return [this](LogLevel level, std::string_view message, std::string_view detail) {
        lines.emplace_back(level, fmt::format("{}: {}", message, detail));
    };
}

std::size_t GraphBench::asked(const std::string& endpoint) const {
    return static_cast<std::size_t>(
        std::ranges::count(requests, endpoint, &std::pair<std::string, std::string>::first));
}

std::size_t GraphBench::told(LogLevel level, std::string_view part) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        lines, [&](const auto& line) { return line.first == level && line.second.contains(part); }));
}

entra::Response GraphBench::refusal(int status, std::string_view code, std::string_view message) {
    return json_response(status, fmt::format(R"({{"error":{{"code":"{}","message":"{}"}}}})", code, message));
}

entra::Response GraphBench::answer(const entra::Request& request) {
    const std::string endpoint = endpoint_of(request.url);
    requests.emplace_back(endpoint, request.url);
    entra::Response made = [&] {
        if (const auto told = answers.find(endpoint); told != answers.end()) {
            return told->second(request);
        }
        if (endpoint == "token") {
            return json_response(200, std::string{entra::testing::token_body});
        }
        if (endpoint == "audit") {
            return audit_page(request);
        }
        if (endpoint == "batch") {
            return batch_answer(request);
        }
        if (endpoint == "methods") {
            return methods_of(request);
        }
        if (endpoint == "organization") {
            return json_response(
                200, fmt::format(R"({{"value":[{{"onPremisesSyncEnabled":true,"onPremisesLastSyncDateTime":"{}"}}]}})",
                                 entra::format_rfc3339(now)));
        }
        return json_response(200, R"({"value":[]})");
    }();
    made.headers.push_back({"Date", http_date(now + skew)});
    return made;
}

entra::Response GraphBench::audit_page(const entra::Request& request) const {
    const std::string_view url = request.url;
    std::string since{url.substr(url.find("%20ge%20") + 8, 24)};
    for (std::size_t at = since.find("%3A"); at != std::string::npos; at = since.find("%3A")) {
        since.replace(at, 3, ":");
    }
    boost::json::array found;
    for (const auto& [at, user] : events) {
        if (at >= entra::parse_rfc3339(since.substr(0, 20)).value()) {
            found.push_back({{"id", fmt::format("event-{}-{}", user, at.time_since_epoch().count())},
                             {"activityDisplayName", "Add Windows Hello for Business credential"},
                             {"activityDateTime", entra::format_rfc3339(at)},
                             {"result", "success"},
                             {"targetResources", {{{"id", fmt::format("entra-{}", user)}, {"type", "User"}}}}});
        }
    }
    return json_response(200, boost::json::serialize(boost::json::object{{"value", std::move(found)}}));
}

entra::Response GraphBench::batch_answer(const entra::Request& request) const {
    boost::json::array responses;
    const boost::json::value whole = boost::json::parse(request.body);
    for (const boost::json::value& one : whole.at("requests").as_array()) {
        const std::string user = user_in(one.at("url").as_string());
        const auto found = trouble.find(user);
        boost::json::object body;
        if (found == trouble.end()) {
            const entra::EntraUser entity = entra_user(static_cast<std::uint8_t>(std::stoi(user.substr(6))));
            body = {{"id", entity.id},
                    {"userPrincipalName", entity.user_principal_name},
                    {"onPremisesSyncEnabled", true},
                    {"onPremisesSecurityIdentifier", entity.on_premises_security_identifier}};
        }
        responses.push_back({{"id", one.at("id")},
                             {"status", found == trouble.end() ? 200 : found->second},
                             {"body", std::move(body)}});
    }
    return json_response(200, boost::json::serialize(boost::json::object{{"responses", std::move(responses)}}));
}

entra::Response GraphBench::methods_of(const entra::Request& request) const {
    const auto found = trouble.find(user_in(request.url));
    return found == trouble.end() ? json_response(200, R"({"value":[]})") : refusal(found->second);
}

}  // namespace keysyncd::daemon::test
