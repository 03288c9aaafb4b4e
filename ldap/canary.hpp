// Proof that the account can read what the reader lives on, before an answer without keys is believed: a domain
// controller leaves out what may not be read, without a word, and a filter on it matches nothing.
// uSNChanged has a value on every user: it shows or it may not be read. The key attribute is absent on most users:
// where nobody shows one, the users' access control lists are weighed against the account's own token (rootDSE
// tokenGroups). Protected administrators have an ACL of their own that every account may read: they prove nothing about
// the others. judge_sample is pure; the rest runs on the connection's worker thread.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "ldap/access_check.hpp"
#include "ldap/connection.hpp"
#include "ldap/root_dse.hpp"

namespace keysyncd::ldap {

struct SampleVerdict {
    std::size_t users = 0;  ///< looked at
    std::size_t usn_readable = 0;
    std::size_t keys_readable = 0;

    [[nodiscard]] bool usn_proven() const noexcept { return usn_readable > 0; }
    [[nodiscard]] bool keys_proven() const noexcept { return keys_readable > 0; }
};

/// What access control lists are weighed against.
struct RightsMeasure {
    ProtectedAttribute key_attribute_schema;
    std::vector<Sid> token;  ///< the account's own, on this domain controller
};

[[nodiscard]] std::expected<RightsMeasure, PollError> read_measure(Connection& connection, const RootDse& root,
                                                                   const std::stop_token& stop);

/// Asks for the DACL alone, as the SACL needs a privilege.
[[nodiscard]] Control dacl_only();

/// Whether the keys of this user are in the entry where there are any: it shows some, or its access control list lets
/// them be read. The entry holds the key attribute and nTSecurityDescriptor, as far as they came.
[[nodiscard]] bool keys_readable(const Entry& entry, const RightsMeasure& measure);

/// `sample`: entries with objectSid, uSNChanged, adminCount, the key attribute and nTSecurityDescriptor, as far as they
/// came.
[[nodiscard]] SampleVerdict judge_sample(std::span<const Entry> sample, std::span<const Sid> token,
                                         const ProtectedAttribute& key_attribute_schema);

/// Looks at some users under `base_dn`.
[[nodiscard]] std::expected<SampleVerdict, PollError> sample_rights(Connection& connection, const RootDse& root,
                                                                    const std::string& base_dn,
                                                                    const std::stop_token& stop);

/// Organizational units under `base_dn` that take no rights from above, or don't show whether they do: what may be read
/// elsewhere need not be readable there. No more than a hundred.
[[nodiscard]] std::expected<std::vector<std::string>, PollError> units_apart(Connection& connection,
                                                                             const std::string& base_dn,
                                                                             const std::stop_token& stop);

/// Whether keys and uSNChanged of the user with this objectGUID can be read, by what it shows or by its access control
/// list; std::nullopt when it is not there. The cheap proof between two samples.
[[nodiscard]] std::expected<std::optional<bool>, PollError> still_readable(Connection& connection, const RootDse& root,
                                                                           const Guid& user,
                                                                           const std::stop_token& stop);

/// What to tell the operator when a right is missing: which, on what, and the command that grants it.
[[nodiscard]] std::string missing_right(std::string_view attribute, const std::string& base_dn,
                                        const std::string& account);

}  // namespace keysyncd::ldap
