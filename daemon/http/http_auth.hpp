// Basic authentication (RFC 7617) against bcrypt hashes, as exporter-toolkit does it. A wrong password and an unknown
// user cost the same, also where the users' hashes differ in cost. Checking takes a tenth of a second by design, so
// it is done on a thread of its own; what was verified once is remembered, and a scrape pays only the first time.
// The functions are pure; VerifiedCredentials and BasicAuth are thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/http_message.hpp"

namespace keysyncd::daemon {

struct Credentials {
    std::string user;
    std::string password;
};

/// From an Authorization header; std::nullopt: absent or not Basic.
[[nodiscard]] std::optional<Credentials> parse_basic(std::string_view authorization);

/// user -> bcrypt hash.
using UserHashes = std::map<std::string, std::string>;

/// The bcrypt costs that a refusal of this name pays, the name's own first. Together as much for every name, known or
/// not: the time tells nobody who exists.
[[nodiscard]] std::vector<int> costs_of_a_miss(const UserHashes& users, const std::string& name);

/// Takes as long for a user who does not exist as for a wrong password.
[[nodiscard]] bool verify_password(const UserHashes& users, const Credentials& credentials);

/// Remembers a keyed digest of credentials together with the hash that they matched: neither can be read from memory,
/// and a changed hash is another entry.
class VerifiedCredentials {
  public:
    VerifiedCredentials();
    [[nodiscard]] bool contains(std::string_view hash, const Credentials& credentials) const;
    void add(std::string_view hash, const Credentials& credentials);

  private:
    using Digest = std::array<unsigned char, 32>;
    [[nodiscard]] Digest digest(std::string_view hash, const Credentials& credentials) const;

    static constexpr std::size_t limit_ = 128;
    Digest key_;
    mutable std::mutex mutex_;
    std::set<Digest> known_;
};

class BasicAuth {
  public:
    BasicAuth();
    ~BasicAuth();  ///< checks that have not begun are answered with 503
    BasicAuth(const BasicAuth&) = delete;
    BasicAuth& operator=(const BasicAuth&) = delete;

    /// The verdict on an Authorization header: none when the credentials are right, else 401. `users` is not empty.
    void check(std::shared_ptr<const UserHashes> users, std::string_view authorization, HttpVerdict verdict);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace keysyncd::daemon
