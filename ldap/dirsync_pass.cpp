#include "ldap/dirsync_pass.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ldap/account_lookup.hpp"
#include "ldap/dirsync_changes.hpp"
#include "ldap/dirsync_round.hpp"
#include "ldap/user_entry.hpp"
#include "ldap/user_search.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::size_t batch_size = 500;
constexpr std::size_t accounts_per_search = 50;

constexpr std::string_view everybody = "(objectClass=user)(!(objectClass=computer))";

Instant now() {
    return std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now());
}

// A refusal that a new start can mend; an overloaded server or a missing right is not.
bool refuses_cookie(int code) {
    return code != result_code::success && code != result_code::busy && code != result_code::unavailable &&
           code != result_code::time_limit_exceeded && code != result_code::insufficient_access_rights;
}

std::string sync_filter(PassKind kind, const std::string& narrowing) {
    if (kind == PassKind::full_sweep) {
        return sweep_filter(narrowing);
    }
    if (narrowing.empty()) {
        return fmt::format("(&{})", everybody);
    }
    // A tombstone has lost what an operator's filter asks for.
    return fmt::format("(&{}(|(isDeleted=TRUE){}))", everybody, narrowing);
}

std::vector<std::string> sync_attributes(PassKind kind) {
    if (kind == PassKind::full_sweep) {
        return user_attributes();
    }
    return {std::string(key_attribute), "isDeleted"};  // the list is a filter too: only who changed in these is told
}

// A window's entries tell only what changed: who the users are is read beside them.
std::expected<void, PollError> add_accounts(Connection& connection, const std::string& naming_context,
                                            std::span<DirectoryUser> users, const std::stop_token& stop) {
    std::string filter = "(&(objectClass=user)(|";
    for (const auto& user : users) {
        filter += fmt::format("(objectGUID={})", escape_bytes(user.object_guid.bytes));
    }
    filter += "))";
    std::vector<std::string> attributes = user_attributes();
    std::erase(attributes, key_attribute);
    const auto found = connection.search(
        {.base = naming_context, .scope = SearchScope::subtree, .filter = filter, .attributes = attributes},
        [&](const EntryView& entry) {
            auto account = to_directory_user(entry, now());
            for (auto& user : users) {
                if (account && user.object_guid == account->object_guid) {
                    account->key_set = user.key_set;
                    account->keys = std::move(user.keys);
                    account->removed_keys = std::move(user.removed_keys);
                    account->malformed = std::move(user.malformed);
                    user = std::move(*account);
                    break;
                }
            }
            return true;
        },
        stop);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (found->code != result_code::success) {
        return std::unexpected(connection.refused(*found, "reading the accounts whose keys changed"));
    }
    return {};
}

std::optional<DirectoryUser> to_user(const Entry& entry, PassKind kind) {
    auto user = to_directory_user(entry, now());
    if (!user) {
        return std::nullopt;
    }
    user->keys.clear();
    user->malformed.clear();
    read_key_changes(entry, now(), *user);
    if (kind == PassKind::full_sweep) {
        user->key_set = KeySet::whole;
        user->removed_keys.clear();
        return user;
    }
    const bool news = user->deleted || !user->keys.empty() || !user->removed_keys.empty() || !user->malformed.empty();
    return news ? std::move(user) : std::nullopt;
}

std::expected<void, PollError> hand_over(const PassContext& context, PassKind kind, std::vector<Entry>&& entries) {
    std::vector<DirectoryUser> batch;
    const auto flush = [&]() -> std::expected<void, PollError> {
        if (kind == PassKind::window) {
            const std::span all(batch);
            for (std::size_t at = 0; at < all.size(); at += accounts_per_search) {
                const auto part = all.subspan(at, std::min(accounts_per_search, all.size() - at));
                const auto added =
                    add_accounts(context.connection, context.root.default_naming_context, part, context.stop);
                if (!added) {
                    return added;
                }
            }
        }
        if (batch.empty()) {
            return {};
        }
        const auto wanted = deliver(context, std::exchange(batch, {}));
        if (!wanted) {
            return std::unexpected(wanted.error());
        }
        if (!*wanted) {
            return std::unexpected(PollError{PollFailure::stopped, context.connection.server().url(), "asked to stop"});
        }
        return {};
    };
    for (auto& entry : entries) {
        if (auto user = to_user(entry, kind)) {
            batch.push_back(std::move(*user));
        }
        entry = {};
        if (batch.size() == batch_size) {
            if (auto flushed = flush(); !flushed) {
                return flushed;
            }
        }
    }
    return flush();
}

}  // namespace

std::expected<PassOutcome, PollError> read_by_dirsync(const PassContext& context, const DirSyncPlan& plan,
                                                      DirSyncAccess access, const PassBegin& begin) {
    PassOutcome outcome{.entries = 0, .warnings = {}, .dirsync_cookie = plan.cookie};
    PassKind kind = plan.kind;
    std::string reason = plan.reason;
    if (kind == PassKind::quiet) {
        begin(kind, reason);
        return outcome;
    }
    context.proof.begin();
    bool begun = false;
    for (bool more = true; more;) {
        auto round = ask_dirsync(context.connection, context.root.default_naming_context,
                                 {.filter = sync_filter(kind, context.narrowing_filter),
                                  .attributes = sync_attributes(kind),
                                  .cookie = outcome.dirsync_cookie,
                                  .access = access},
                                 context.stop);
        if (!round) {
            return std::unexpected(std::move(round.error()));
        }
        if (kind == PassKind::window && !begun && refuses_cookie(round->result.code)) {
            kind = PassKind::full_sweep;
            reason = fmt::format("the domain controller refused the DirSync cookie (code {})", round->result.code);
            outcome.dirsync_cookie.clear();
            continue;
        }
        if (round->result.code != result_code::success) {
            return std::unexpected(context.connection.refused(round->result, "reading changes by DirSync"));
        }
        if (!begun) {
            begin(kind, reason);
            begun = true;
        }
        outcome.entries += round->entries.size();
        if (const auto handed = hand_over(context, kind, std::move(round->entries)); !handed) {
            return std::unexpected(handed.error());
        }
        more = round->answer.more && !context.stop.stop_requested();
        if (more && round->answer.cookie == outcome.dirsync_cookie) {
            return std::unexpected(PollError{PollFailure::protocol, context.connection.server().url(),
                                             "DirSync says that more waits, but its cookie does not move"});
        }
        outcome.dirsync_cookie = std::move(round->answer.cookie);
    }
    if (context.stop.stop_requested()) {
        return std::unexpected(PollError{PollFailure::stopped, context.connection.server().url(), "asked to stop"});
    }
    if (access == DirSyncAccess::replication_right) {
        return outcome;  // replication is not filtered by what the account may read
    }
    auto warnings = kind == PassKind::full_sweep
                        ? context.proof.after_sweep(context.connection, context.root, context.base_dn, context.stop)
                        : context.proof.after_window(context.connection, context.root, context.base_dn, context.stop);
    if (!warnings) {
        return std::unexpected(std::move(warnings.error()));
    }
    outcome.warnings = std::move(*warnings);
    return with_losses_proven(context, std::move(outcome));
}

}  // namespace keysyncd::ldap
