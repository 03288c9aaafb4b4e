#include "ldap/rights_proof.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "ldap/canary.hpp"
#include "ldap/loss_proof.hpp"
#include "ldap/user_entry.hpp"

namespace keysyncd::ldap {
namespace {

constexpr std::size_t most_places_told = 20;

}  // namespace

void RightsProof::note(std::span<const DirectoryUser> users) {
    for (const auto& user : users) {
        if (!user.protected_account && !user.keys.empty()) {
            ordinary_keys_ = true;
            canary_ = user.object_guid;
        }
    }
}

std::expected<std::vector<std::string>, PollError> RightsProof::after_sweep(Connection& connection, const RootDse& root,
                                                                            const std::string& base_dn,
                                                                            const std::stop_token& stop) const {
    auto verdict = sample_rights(connection, root, base_dn, stop);
    if (verdict && verdict->users == 0 && base_dn != root.default_naming_context) {
        verdict = sample_rights(connection, root, root.default_naming_context, stop);
    }
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
    if (!verdict->keys_proven() && !ordinary_keys_) {
        return fail(missing_right(key_attribute, base_dn, account_));
    }
    std::vector<std::string> warnings = hidden(*verdict, base_dn);
    const auto units = units_apart(connection, base_dn, stop);
    if (!units) {
        return std::unexpected(units.error());
    }
    for (const std::string& unit : *units) {
        const auto there = sample_rights(connection, root, unit, stop);
        if (!there) {
            return std::unexpected(there.error());
        }
        std::ranges::move(hidden(*there, unit), std::back_inserter(warnings));
    }
    return warnings;
}

std::vector<std::string> RightsProof::hidden(const SampleVerdict& verdict, const std::string& where) const {
    std::vector<std::string> warnings;
    const auto look = [&](std::size_t readable, std::string_view attribute) {
        if (readable < verdict.users) {
            warnings.push_back(fmt::format("{} of {} users looked at hide {}: {}", verdict.users - readable,
                                           verdict.users, attribute, missing_right(attribute, where, account_)));
        }
    };
    look(verdict.usn_readable, "uSNChanged");
    look(verdict.keys_readable, key_attribute);
    return warnings;
}

std::expected<std::vector<std::string>, PollError> RightsProof::after_window(Connection& connection,
                                                                             const RootDse& root,
                                                                             const std::string& base_dn,
                                                                             const std::stop_token& stop) const {
    // An ordinary user that the window's own filter found, with its keys, shows that both can be read.
    if (ordinary_keys_) {
        return std::vector<std::string>{};
    }
    if (canary_) {
        const auto readable = still_readable(connection, root, *canary_, stop);
        if (!readable) {
            return std::unexpected(readable.error());
        }
        if (*readable) {
            if (**readable) {
                return std::vector<std::string>{};
            }
            return std::unexpected(
                PollError{PollFailure::rights, connection.server().url(),
                          fmt::format("a right was withdrawn: {}", missing_right(key_attribute, base_dn, account_))});
        }
    }
    return after_sweep(connection, root, base_dn, stop);
}

std::expected<UnprovenLosses, PollError> RightsProof::hidden_among(Connection& connection, const RootDse& root,
                                                                   std::span<const KnownUser> bereft,
                                                                   const std::stop_token& stop) const {
    auto hidden = find_hidden(connection, root, bereft, stop);
    if (!hidden) {
        return std::unexpected(std::move(hidden.error()));
    }
    UnprovenLosses losses{.users = std::move(hidden->users), .warnings = {}};
    for (const auto& [place, hiding] : hidden->places) {
        if (losses.warnings.size() == most_places_told) {
            break;
        }
        losses.warnings.push_back(
            hiding == Hiding::keys
                ? fmt::format("keys that were read before are kept as they were: {}",
                              missing_right(key_attribute, place, account_))
                : fmt::format("keys that were read before are kept as they were: the account no longer sees who is in "
                              "{0}; let it, on a domain controller: dsacls \"{0}\" /G \"{1}:LCRC\"",
                              place, account_.empty() ? "ACCOUNT" : account_));
    }
    return losses;
}

}  // namespace keysyncd::ldap
