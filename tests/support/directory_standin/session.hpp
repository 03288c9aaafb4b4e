// One client of the stand-in: TLS, then LDAP until it leaves or a fault ends it. One thread a session.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "directory.hpp"

namespace standin {

/// What the stand-in does wrong, from now on. Under State::lock.
struct Faults {
    bool stalled_handshake = false;   ///< accepts the connection and never speaks TLS
    bool silent_bind = false;         ///< answers no bind any more
    bool silent = false;              ///< answers no search any more
    bool unknown_controls = false;    ///< knows no control: a critical one is refused, by an ExtendedResponse
    bool half_message = false;        ///< half of a search's first message, then nothing
    bool no_second_page = false;      ///< the second page never comes
    bool garbage = false;             ///< bytes that are not LDAP instead of a search's answer
    bool notice = false;              ///< a notice of disconnection instead of a search's answer, then the end
    bool reset = false;               ///< the connection is cut in the middle of a search's entries
    bool references = false;          ///< search continuations between the entries
    bool no_binary_metadata = false;  ///< ";binary" is refused (unwilling to perform)
    bool stuck_ranges = false;        ///< answers every range with the first one
    int result_code = 0;              ///< of every subtree search that is not 0
    int tombstone_code = 0;           ///< of every search for deleted objects
    std::string referral;             ///< with result_code 10
    std::size_t size_limit = 0;       ///< entries before sizeLimitExceeded
};

struct State {
    std::mutex lock;
    Faults faults;
    Directory directory{{}};
    Directory changes{{}};           ///< what DirSync answers to a cookie
    std::string account;             ///< whose bind is accepted
    std::size_t most_values = 0;     ///< MaxValRange
    std::size_t dirsync_rounds = 1;  ///< of a DirSync answer
    std::string valid_cookie = "cookie-0";
    bool replication_right = true;   ///< DirSync without the object-security flag
    bool dirsync_refused = false;    ///< with it, too
    std::size_t sessions = 0;        ///< begun so far
    std::size_t ended_sessions = 0;  ///< those of them that end at their next request
    bool notice_of_end = false;      ///< with a notice of disconnection, as after too much idleness
    long clock_offset = 0;           ///< seconds that its clock is ahead
    std::vector<std::string> log;    ///< "connect", "bind", and of a search its base and the attributes asked for
};

void serve(int descriptor, SSL_CTX* context, State& state);

}  // namespace standin
