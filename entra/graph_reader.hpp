// Microsoft Graph, read: token, audit log, users, organization. Blocking, for one worker thread; every request has a
// deadline and honours the stop token. Throttling waits happen inside, within the deadline of the call.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "entra/entra_user.hpp"
#include "entra/graph_error.hpp"
#include "entra/graph_observer.hpp"
#include "entra/graph_session.hpp"
#include "entra/http_client.hpp"
#include "entra/registration_event.hpp"

namespace keysyncd::entra {

class GraphReader {
  public:
    GraphReader(config::EntraSettings settings, GraphObserver observer);
    /// With a transport and a clock of the caller's, for tests. `clock` outlives the reader.
    GraphReader(config::EntraSettings settings, GraphObserver observer, std::unique_ptr<HttpClient> http, Clock& clock,
                SessionLimits limits = {});
    ~GraphReader();
    GraphReader(const GraphReader&) = delete;
    GraphReader& operator=(const GraphReader&) = delete;

    /// Audit events with activityDateTime at or after `since`, a page at a time, in the order Graph gives them. The
    /// sink returning false stops. Repeated and late events are normal: deduplication by event_id is the caller's.
    [[nodiscard]] std::expected<void, GraphError> read_registrations(
        Instant since, const std::function<bool(std::vector<RegistrationEvent>&&)>& page, const std::stop_token& stop);

    /// By object id or user principal name. std::nullopt: Entra does not know it (any more).
    [[nodiscard]] std::expected<std::optional<EntraUser>, GraphError> read_user(std::string_view id_or_upn,
                                                                                const std::stop_token& stop);

    [[nodiscard]] std::expected<OrganizationSync, GraphError> read_organization(const std::stop_token& stop);

    /// Graph's clock minus ours by the last answer's Date header; std::nullopt before the first.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> clock_offset() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace keysyncd::entra
