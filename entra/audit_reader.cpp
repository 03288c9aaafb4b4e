#include "entra/audit_reader.hpp"

#include <fmt/format.h>

#include "entra/paging.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::string_view what = "the audit log";

// A query that gave way costs more requests: the first choice is tried again now and then.
constexpr std::chrono::hours between_first_choices{1};

}  // namespace

AuditReader::AuditReader(GraphSession& session, const Clock& clock, std::string graph_origin, ActivityNames activities,
                         const GraphObserver& observer)
    : session_(session),
      clock_(clock),
      origin_(std::move(graph_origin)),
      activities_(std::move(activities)),
      query_(origin_, activities_.names()),
      on_malformed_(observer.on_malformed),
      on_smaller_query_(observer.on_smaller_query) {}

std::expected<void, GraphError> AuditReader::read(Instant since, const EventSink& sink, const std::stop_token& stop) {
    if (!query_.is_first_choice() && clock_.steady_now() - gave_way_at_ >= between_first_choices) {
        query_.start_over();
    }
    return read(query_, since, sink, stop);
}

std::expected<void, GraphError> AuditReader::read_of(const AuditUser& user, Instant since, const EventSink& sink,
                                                     const std::stop_token& stop) {
    AuditQuery narrowed = query_.of(user);
    auto outcome = read(narrowed, since, sink, stop);
    if (!outcome && outcome.error().failure == GraphFailure::bad_answer) {
        return read(query_, since, sink, stop);
    }
    return outcome;
}

std::expected<void, GraphError> AuditReader::read(AuditQuery& query, Instant since, const EventSink& sink,
                                                  const std::stop_token& stop) {
    for (;;) {
        const auto walked = walk_all(query, since, sink, stop);
        if (!walked) {
            return std::unexpected(walked.error());
        }
        if (*walked == Walk::whole) {
            return {};
        }
    }
}

/// Every page of every query that stands for "all configured activities since then".
std::expected<AuditReader::Walk, GraphError> AuditReader::walk_all(AuditQuery& query, Instant since,
                                                                   const EventSink& sink, const std::stop_token& stop) {
    for (std::string& first : query.urls(since)) {
        auto walked = walk(query, std::move(first), sink, stop);
        if (!walked || *walked == Walk::query_changed) {
            return walked;
        }
    }
    return Walk::whole;
}

std::expected<AuditReader::Walk, GraphError> AuditReader::walk(AuditQuery& query, std::string first,
                                                               const EventSink& sink, const std::stop_token& stop) {
    Paging paging(origin_, std::move(first));
    for (;;) {
        auto answer = session_.ask({"audit", what, paging.url(), Family::reports}, stop);
        if (!answer) {
            return std::unexpected(std::move(answer.error()));
        }
        if (answer->status == 400 && paging.pages() == 1) {
            const std::string message = read_complaint(answer->body).message;
            if (query.refused(message)) {
                if (&query == &query_) {
                    give_way(message);
                }
                return Walk::query_changed;
            }
            // Down to the last it was of no use: then the query was not what is wrong.
            query.start_over();
        }
        if (answer->status != 200) {
            return std::unexpected(from_status(answer->status, answer->body, what));
        }
        auto page = read_audit_page(answer->body, activities_);
        if (!page) {
            return std::unexpected(bad_answer(what, page.error()));
        }
        for (const std::string& malformed : page->malformed) {
            if (on_malformed_) {
                on_malformed_(malformed);
            }
        }
        if (!page->events.empty() && !sink(std::move(page->events))) {
            return std::unexpected(GraphError{GraphFailure::stopped, "stopped"});
        }
        const auto more = paging.advance(page->next_link);
        if (!more) {
            return std::unexpected(more.error());
        }
        if (!*more) {
            return Walk::whole;
        }
    }
}

void AuditReader::give_way(std::string_view complaint) {
    gave_way_at_ = clock_.steady_now();
    if (on_smaller_query_) {
        on_smaller_query_(fmt::format("{}, {} a page, after HTTP 400: {}",
                                      query_.combined() ? "all activities at once" : "each activity by itself",
                                      query_.page_size(), complaint));
    }
}

}  // namespace keysyncd::entra
