#include "ldap/user_pass.hpp"

#include <algorithm>
#include <iterator>

#include "ldap/user_search.hpp"

namespace keysyncd::ldap {

std::expected<bool, PollError> deliver(const PassContext& context, std::vector<DirectoryUser>&& batch) {
    context.proof.note(batch);
    for (const auto& user : batch) {
        context.newest_usn = std::max(context.newest_usn, user.usn_changed);
    }
    const auto news = context.sink.with_news(batch);
    for (std::size_t i = 0; i < std::min(news.size(), batch.size()); ++i) {
        if (!news[i]) {
            continue;
        }
        if (const auto read = context.write_times.read(context.connection, batch[i], context.stop); !read) {
            return std::unexpected(read.error());
        }
    }
    return context.sink.users(std::move(batch));
}

std::expected<PassOutcome, PollError> with_losses_proven(const PassContext& context, PassOutcome outcome) {
    auto hidden = context.proof.hidden_among(context.connection, context.root, context.sink.bereft(), context.stop);
    if (!hidden) {
        return std::unexpected(std::move(hidden.error()));
    }
    outcome.hidden = std::move(hidden->users);
    std::ranges::move(hidden->warnings, std::back_inserter(outcome.warnings));
    return outcome;
}

std::expected<PassOutcome, PollError> read_by_usn(const PassContext& context, const PassPlan& plan) {
    PassOutcome outcome;
    if (plan.kind == PassKind::quiet) {
        return outcome;
    }
    const bool sweep = plan.kind == PassKind::full_sweep;
    Connection& connection = context.connection;
    context.proof.begin();
    const auto read = read_users(
        connection, context.base_dn,
        sweep ? sweep_filter(context.narrowing_filter) : window_filter(plan.first_usn, context.narrowing_filter),
        [&](std::vector<DirectoryUser>&& batch) { return deliver(context, std::move(batch)); }, context.stop);
    if (!read) {
        return std::unexpected(read.error());
    }
    outcome.entries = *read;
    auto warnings = sweep ? context.proof.after_sweep(connection, context.root, context.base_dn, context.stop)
                          : context.proof.after_window(connection, context.root, context.base_dn, context.stop);
    if (!warnings) {
        return std::unexpected(std::move(warnings.error()));
    }
    outcome.warnings = std::move(*warnings);
    if (sweep) {
        return with_losses_proven(context, std::move(outcome));
    }
    auto deleted = read_tombstones(connection, context.root.default_naming_context, plan.first_usn, context.stop);
    if (!deleted) {
        return std::unexpected(std::move(deleted.error()));
    }
    outcome.entries += deleted->size();
    for (const DirectoryUser& user : *deleted) {
        context.newest_usn = std::max(context.newest_usn, user.usn_changed);
    }
    if (!deleted->empty() && !context.sink.users(std::move(*deleted))) {
        return std::unexpected(PollError{PollFailure::stopped, connection.server().url(), "asked to stop"});
    }
    return with_losses_proven(context, std::move(outcome));
}

}  // namespace keysyncd::ldap
