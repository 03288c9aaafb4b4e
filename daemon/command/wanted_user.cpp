#include "daemon/command/wanted_user.hpp"

#include <algorithm>
#include <string_view>

#include "entra/http_client.hpp"
#include "ldap/guid.hpp"

namespace keysyncd::daemon {
namespace {

bool same_name(std::string_view one, std::string_view other) {
    return !one.empty() && entra::equal_ignoring_case(one, other);
}

}  // namespace

std::vector<std::string> WantedUser::names_in_entra(std::span<const SurveyedAccount> accounts) const {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
        const bool usable = name.find('@') != std::string::npos || ldap::Guid::parse(name);
        const auto same = [&](const std::string& known) { return same_name(known, name); };
        if (usable && std::ranges::none_of(names, same)) {
            names.push_back(name);
        }
    };
    for (const SurveyedAccount& account : accounts) {
        add(account.user.user_principal_name);
    }
    if (names.empty()) {
        add(name_);
    }
    return names;
}

void WantedUser::found_in_entra(entra::EntraUser user) {
    if (std::ranges::find(in_entra_, user.id, &entra::EntraUser::id) == in_entra_.end()) {
        in_entra_.push_back(std::move(user));
    }
}

bool WantedUser::concerns(const entra::RegistrationEvent& event, std::span<const SurveyedAccount> accounts) const {
    if (name_.empty()) {
        return true;
    }
    if (!in_entra_.empty()) {
        return std::ranges::any_of(in_entra_, [&](const entra::EntraUser& user) {
            return event.user_id == user.id || same_name(event.user_principal_name, user.user_principal_name);
        });
    }
    const auto has_this_name = [&](const SurveyedAccount& account) {
        return same_name(event.user_principal_name, account.user.user_principal_name);
    };
    const bool named =
        accounts.empty() ? same_name(event.user_principal_name, name_) : std::ranges::any_of(accounts, has_this_name);
    return named || event.user_id == name_;
}

}  // namespace keysyncd::daemon
