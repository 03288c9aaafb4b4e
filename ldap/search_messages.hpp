// A search as libldap takes it, and its answers as libldap gives them.
#pragma once

#include <ldap.h>

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "ldap/search.hpp"

namespace keysyncd::ldap {

/// libldap's C interface takes writable pointers that it only reads: they point into the request.
class WireRequest {
  public:
    explicit WireRequest(const SearchRequest& request);

    [[nodiscard]] int scope() const noexcept { return scope_; }
    [[nodiscard]] char** attributes() noexcept { return attributes_.data(); }
    [[nodiscard]] LDAPControl** controls() noexcept { return controls_.data(); }

  private:
    int scope_;
    std::vector<char*> attributes_;
    std::vector<LDAPControl> storage_;
    std::vector<LDAPControl*> controls_;
};

/// Shows entries one after another; its own storage is used again for each.
class EntryReader {
  public:
    /// Valid until the message is freed or the next one read. std::nullopt: it is no SearchResultEntry
    /// (RFC 4511 4.5.2).
    [[nodiscard]] std::optional<EntryView> read(LDAP* handle, LDAPMessage* message);

  private:
    bool read_attribute(BerElement& ber);

    std::vector<AttributeView> attributes_;
    std::vector<std::size_t> value_counts_;
    std::vector<std::string_view> values_;
};

/// A SearchResultDone, or the ExtendedResponse with which some servers refuse a critical control. The error is
/// libldap's text for bytes that are neither.
[[nodiscard]] std::expected<SearchResult, std::string> to_result(LDAP* handle, LDAPMessage* message);

}  // namespace keysyncd::ldap
