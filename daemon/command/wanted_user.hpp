// The one user that explain is asked about: by which names Entra is asked for it, and which of Entra's events are about
// it. A name may belong to a user in each of several domains. Pure.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "entra/entra_user.hpp"
#include "entra/registration_event.hpp"
#include "ldap/directory_user.hpp"

namespace keysyncd::daemon {

/// The account of the wanted user in one domain.
struct SurveyedAccount {
    std::string domain;
    ldap::DirectoryUser user;
};

class WantedUser {
  public:
    /// As it was asked for: UPN, sAMAccountName, DN, objectGUID, SID or Entra object id. Empty: everybody.
    explicit WantedUser(std::string name) : name_(std::move(name)) {}

    /// What Entra, which knows no sAMAccountName and no DN, is to be asked for; each once.
    [[nodiscard]] std::vector<std::string> names_in_entra(std::span<const SurveyedAccount> accounts) const;
    void found_in_entra(entra::EntraUser user);
    [[nodiscard]] std::span<const entra::EntraUser> in_entra() const noexcept { return in_entra_; }

    [[nodiscard]] bool concerns(const entra::RegistrationEvent& event, std::span<const SurveyedAccount> accounts) const;

  private:
    std::string name_;
    std::vector<entra::EntraUser> in_entra_;
};

}  // namespace keysyncd::daemon
