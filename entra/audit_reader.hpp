// Reads the audit log: the query that Graph accepts, page after page, each answer's events handed on. One worker
// thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "entra/audit_query.hpp"
#include "entra/clock.hpp"
#include "entra/directory_audit.hpp"
#include "entra/graph_observer.hpp"
#include "entra/graph_session.hpp"
#include "entra/registration_event.hpp"

namespace keysyncd::entra {

/// False stops the reading.
using EventSink = std::function<bool(std::vector<RegistrationEvent>&&)>;

class AuditReader {
  public:
    AuditReader(GraphSession& session, const Clock& clock, std::string graph_origin, ActivityNames activities,
                const GraphObserver& observer);

    [[nodiscard]] std::expected<void, GraphError> read(Instant since, const EventSink& sink,
                                                       const std::stop_token& stop);
    /// One user's alone; of everybody where Graph refuses to narrow its log to one: the sink looks at who it is.
    [[nodiscard]] std::expected<void, GraphError> read_of(const AuditUser& user, Instant since, const EventSink& sink,
                                                          const std::stop_token& stop);

  private:
    [[nodiscard]] std::expected<void, GraphError> read(AuditQuery& query, Instant since, const EventSink& sink,
                                                       const std::stop_token& stop);
    enum class Walk : bool { whole, query_changed };
    [[nodiscard]] std::expected<Walk, GraphError> walk_all(AuditQuery& query, Instant since, const EventSink& sink,
                                                           const std::stop_token& stop);
    [[nodiscard]] std::expected<Walk, GraphError> walk(AuditQuery& query, std::string first, const EventSink& sink,
                                                       const std::stop_token& stop);

    void give_way(std::string_view complaint);

    GraphSession& session_;
    const Clock& clock_;
    std::string origin_;
    ActivityNames activities_;
    AuditQuery query_;
    Steady gave_way_at_;  ///< where the query is not the first choice
    std::function<void(std::string_view)> on_malformed_, on_smaller_query_;
};

}  // namespace keysyncd::entra
