#include "ldap/user_pass.hpp"

#include <fmt/format.h>

#include "ldap/canary.hpp"
#include "ldap/user_entry.hpp"
#include "ldap/user_search.hpp"

namespace keysyncd::ldap {

std::expected<UserPass::Outcome, PollError> UserPass::run(Connection& connection, const RootDse& root,
                                                          const std::string& base_dn, const PassPlan& plan,
                                                          PassSink& sink, const std::stop_token& stop) {
    Outcome outcome;
    if (plan.kind == PassKind::quiet) {
        return outcome;
    }
    Evidence evidence;
    const auto on_batch = [&](std::vector<DirectoryUser>&& batch) {
        for (const auto& user : batch) {
            if (!user.protected_account && !user.keys.empty()) {
                evidence.ordinary_keys = true;
                canary_ = user.object_guid;
            }
        }
        return sink.users(std::move(batch));
    };
    const bool sweep = plan.kind == PassKind::full_sweep;
    const auto read = read_users(
        connection, base_dn, sweep ? sweep_filter(filter_) : window_filter(plan.first_usn, filter_), on_batch, stop);
    if (!read) {
        return std::unexpected(read.error());
    }
    outcome.entries = *read;
    if (sweep) {
        if (const auto proven = prove_sweep(connection, root, base_dn, evidence, outcome, stop); !proven) {
            return std::unexpected(proven.error());
        }
        return outcome;
    }
    if (const auto proven = prove_window(connection, root, base_dn, evidence, outcome, stop); !proven) {
        return std::unexpected(proven.error());
    }
    auto deleted = read_tombstones(connection, root.default_naming_context, plan.first_usn, stop);
    if (!deleted) {
        return std::unexpected(std::move(deleted.error()));
    }
    outcome.entries += deleted->size();
    if (!deleted->empty() && !sink.users(std::move(*deleted))) {
        return std::unexpected(PollError{PollFailure::stopped, connection.server().url(), "asked to stop"});
    }
    return outcome;
}

std::expected<void, PollError> UserPass::prove_sweep(Connection& connection, const RootDse& root,
                                                     const std::string& base_dn, const Evidence& evidence,
                                                     Outcome& outcome, const std::stop_token& stop) const {
    const auto verdict = sample_rights(connection, root, base_dn, stop);
    if (!verdict) {
        return std::unexpected(verdict.error());
    }
    const auto fail = [&](std::string detail) {
        return std::unexpected(PollError{PollFailure::rights, connection.server().url(), std::move(detail)});
    };
    if (verdict->users == 0) {
        return fail(
            fmt::format("the account sees no user under {}, nor in the whole domain; let it list them", base_dn));
    }
    if (!verdict->usn_proven()) {
        return fail(missing_right("uSNChanged", base_dn, account_));
    }
    if (!verdict->keys_proven() && !evidence.ordinary_keys) {
        return fail(missing_right(key_attribute, base_dn, account_));
    }
    const auto hidden = [&](std::size_t readable, std::string_view attribute) {
        if (readable < verdict->users) {
            outcome.warnings.push_back(fmt::format("{} of {} users looked at hide {}: {}", verdict->users - readable,
                                                   verdict->users, attribute,
                                                   missing_right(attribute, base_dn, account_)));
        }
    };
    hidden(verdict->usn_readable, "uSNChanged");
    hidden(verdict->keys_readable, key_attribute);
    return {};
}

std::expected<void, PollError> UserPass::prove_window(Connection& connection, const RootDse& root,
                                                      const std::string& base_dn, const Evidence& evidence,
                                                      Outcome& outcome, const std::stop_token& stop) const {
    // An ordinary user that the window's own filter found, with its keys, shows that both can be read.
    if (evidence.ordinary_keys) {
        return {};
    }
    if (canary_) {
        const auto readable = still_readable(connection, root, *canary_, stop);
        if (!readable) {
            return std::unexpected(readable.error());
        }
        if (*readable) {
            if (**readable) {
                return {};
            }
            return std::unexpected(
                PollError{PollFailure::rights, connection.server().url(),
                          fmt::format("a right was withdrawn: {}", missing_right(key_attribute, base_dn, account_))});
        }
    }
    return prove_sweep(connection, root, base_dn, evidence, outcome, stop);
}

}  // namespace keysyncd::ldap
