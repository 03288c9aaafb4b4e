// A reader of Microsoft Graph whose network and clock the test drives.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "entra/graph_reader.hpp"
#include "fakes.hpp"

namespace keysyncd::entra::testing {

/// The token is always there.
struct Bench {
    FakeClock clock;
    FakeHttp* http = nullptr;
    std::vector<std::string> requests;
    std::chrono::nanoseconds throttled{0};
    std::filesystem::path secret;
    std::unique_ptr<GraphReader> reader;
    std::vector<std::string> ids;
    std::vector<std::string> smaller;

    Bench() : secret(std::filesystem::temp_directory_path() / fmt::format("keysyncd-reader-{}", ::getpid())) {
        std::ofstream(secret) << "s";
        std::filesystem::permissions(secret, std::filesystem::perms::owner_read);
        config::EntraSettings settings;
        settings.tenant_id = "t";
        settings.client_id = "c";
        settings.credential = config::ClientSecret{secret};
        auto owned = std::make_unique<FakeHttp>();
        http = owned.get();
        GraphObserver observer;
        observer.on_request = [this](std::string_view endpoint, std::string_view code) {
            requests.push_back(fmt::format("{} {}", endpoint, code));
        };
        observer.on_smaller_query = [this](std::string_view detail) { smaller.emplace_back(detail); };
        observer.on_throttled = [this](std::chrono::nanoseconds waited) { throttled += waited; };
        reader = std::make_unique<GraphReader>(settings, std::move(observer), std::move(owned), clock);
        answer(200, std::string{token_body});
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    ~Bench() { std::filesystem::remove(secret); }

    void answer(int status, std::string body, std::vector<Header> headers = {}) const {
        http->answers.emplace_back(json_response(status, std::move(body), std::move(headers)));
    }
    void fail(HttpFailure failure) const { http->answers.emplace_back(std::unexpected(HttpError{failure, "x"})); }
    void page(std::string_view id, std::string_view next = {}) const {
        answer(200, fmt::format(R"({{"value":[{{"id":"{}","activityDisplayName":"Add FIDO2 security key",
            "activityDateTime":"2026-01-09T21:20:02Z","result":"success","targetResources":[{{"id":"u","type":"User"}}]}}]
            {}}})",
                                id, next.empty() ? "" : fmt::format(R"(,"@odata.nextLink":"{}")", next)));
    }
    std::expected<void, GraphError> read() {
        ids.clear();
        return reader->read_registrations(clock.now(),
                                          [&](std::vector<RegistrationEvent>&& events) {
                                              for (const auto& event : events) {
                                                  ids.push_back(event.event_id);
                                              }
                                              return true;
                                          },
                                          {});
    }
};

}  // namespace keysyncd::entra::testing
