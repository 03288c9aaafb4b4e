// One question to a domain controller by DirSync (MS-ADTS 3.1.1.3.4.1.3) and its answer: the entries that changed since
// the cookie, the next cookie and whether more waits. On the connection's worker thread.
#pragma once

#include <cstdint>
#include <expected>
#include <stop_token>
#include <string>
#include <vector>

#include "ldap/connection.hpp"
#include "ldap/dirsync_control.hpp"

namespace keysyncd::ldap {

/// How the account may use DirSync on this domain controller; found out once a connection.
enum class DirSyncAccess : std::uint8_t { refused, object_security, replication_right };

struct DirSyncRoundRequest {
    std::string filter;
    std::vector<std::string> attributes;
    std::string cookie;
    DirSyncAccess access = DirSyncAccess::object_security;
};

struct DirSyncRound {
    SearchResult result;  ///< where its code is not success, there is nothing else
    std::vector<Entry> entries;
    DirSyncResponse answer;
};

[[nodiscard]] std::expected<DirSyncRound, PollError> ask_dirsync(Connection& connection,
                                                                 const std::string& naming_context,
                                                                 const DirSyncRoundRequest& request,
                                                                 const std::stop_token& stop);

/// One round with a filter that matches nobody.
[[nodiscard]] std::expected<DirSyncAccess, PollError> probe_dirsync(Connection& connection,
                                                                    const std::string& naming_context,
                                                                    const std::stop_token& stop);

}  // namespace keysyncd::ldap
