// A ledger, and a Microsoft Graph that answers by what it is asked for: as a healthy tenant does, unless the test says
// otherwise for an endpoint or a user.
#pragma once

#include <fmt/format.h>

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "daemon/process/clock.hpp"
#include "daemon/process/log.hpp"
#include "entra/graph_reader.hpp"
#include "tests/unit/daemon/recorder_fixture.hpp"
#include "tests/unit/entra/fakes.hpp"

namespace keysyncd::daemon::test {

using entra::testing::json_response;

class RoutedHttp final : public entra::HttpClient {
  public:
    explicit RoutedHttp(std::function<entra::Response(const entra::Request&)> answer) : answer_(std::move(answer)) {}
    std::expected<entra::Response, entra::HttpError> send(const entra::Request& request,
                                                          const std::stop_token&) override {
        return answer_(request);
    }

  private:
    std::function<entra::Response(const entra::Request&)> answer_;
};

class GraphBench : public RecorderFixture {
  public:
    GraphBench();
    GraphBench(const GraphBench&) = delete;
    GraphBench& operator=(const GraphBench&) = delete;
    ~GraphBench() = default;

    /// With the settings as they are then.
    void connect();
    void advance(Ticks by);
    [[nodiscard]] AtLedgerDesk at_desk();
    [[nodiscard]] Clock clock() {
        return [this] { return now; };
    }
    [[nodiscard]] Tell tell();

    [[nodiscard]] std::size_t asked(const std::string& endpoint) const;
    [[nodiscard]] std::size_t told(LogLevel level, std::string_view part) const;

    /// {"error": ...} as Graph writes it.
    static entra::Response refusal(int status, std::string_view code = "UnknownError", std::string_view message = "");

    /// By endpoint: token, audit, batch, organization, features, report, methods. Others answer well and have no news.
    std::map<std::string, std::function<entra::Response(const entra::Request&)>> answers;
    /// What a user, by id or principal name, gets instead of an answer: inside a batch, and for its methods.
    std::map<std::string, int> trouble;
    /// An event of the audit log, with activityDateTime, by user number.
    std::vector<std::pair<Instant, int>> events;
    Ticks skew{0};  ///< Graph's clock minus ours

    std::vector<std::pair<std::string, std::string>> requests;  ///< endpoint, URL
    std::vector<std::pair<LogLevel, std::string>> lines;
    entra::testing::FakeClock graph_clock;
    std::unique_ptr<entra::GraphReader> reader;

  private:
    [[nodiscard]] entra::Response answer(const entra::Request& request);
    [[nodiscard]] entra::Response audit_page(const entra::Request& request) const;
    [[nodiscard]] entra::Response batch_answer(const entra::Request& request) const;
    [[nodiscard]] entra::Response methods_of(const entra::Request& request) const;
};

}  // namespace keysyncd::daemon::test
