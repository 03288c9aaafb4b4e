// What a search asks and what ends it. Plain data: the wire is ldap/connection.hpp's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ldap/entry_view.hpp"

namespace keysyncd::ldap {

enum class SearchScope : std::uint8_t { base, one_level, subtree };

/// A request or response control, its value BER-encoded.
struct Control {
    std::string oid;
    std::string value;
    bool critical = false;
};

struct SearchRequest {
    std::string base;
    SearchScope scope = SearchScope::base;
    std::string filter = "(objectClass=*)";
    std::vector<std::string> attributes{};
    std::vector<Control> controls{};
    int size_limit = 0;                  ///< 0: the server's
    std::chrono::milliseconds limit{0};  ///< 0: the connection's limit for an answer
};

/// LDAP result codes (RFC 4511 4.1.9) that the reader tells apart.
namespace result_code {
constexpr int success = 0;
constexpr int time_limit_exceeded = 3;
constexpr int size_limit_exceeded = 4;
constexpr int admin_limit_exceeded = 11;
constexpr int unavailable_critical_extension = 12;
constexpr int no_such_object = 32;
constexpr int inappropriate_authentication = 48;
constexpr int invalid_credentials = 49;
constexpr int insufficient_access_rights = 50;
constexpr int busy = 51;
constexpr int unavailable = 52;
constexpr int unwilling_to_perform = 53;
}  // namespace result_code

/// The server's own last word on a search that it answered, well or not.
struct SearchResult {
    int code = result_code::success;
    std::string message;  ///< the server's diagnostic text
    std::vector<Control> controls;
};

/// Called for each entry; false abandons the search.
using EntryVisitor = std::function<bool(const EntryView&)>;

}  // namespace keysyncd::ldap
