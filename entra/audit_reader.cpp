#include "entra/audit_reader.hpp"

#include "entra/paging.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::string_view what = "the audit log";

}  // namespace

AuditReader::AuditReader(GraphSession& session, std::string graph_origin, ActivityNames activities,
                         std::function<void(std::string_view)> on_malformed)
    : session_(session),
      origin_(std::move(graph_origin)),
      activities_(std::move(activities)),
      query_(origin_, activities_.names()),
      on_malformed_(std::move(on_malformed)) {}

std::expected<void, GraphError> AuditReader::read(Instant since, const EventSink& sink, const std::stop_token& stop) {
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
        if (answer->status == 400 && paging.pages() == 1 && query.refused(read_complaint(answer->body).message)) {
            return Walk::query_changed;
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

}  // namespace keysyncd::entra
