#include "daemon/http/http_auth.hpp"

#include <crypt.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <boost/url/grammar/ci_string.hpp>
#include <cstring>
#include <ranges>
#include <stdexcept>

#include "daemon/process/bounded_worker.hpp"
#include "entra/base64.hpp"

namespace keysyncd::daemon {
namespace {

int cost_of(const std::string& hash) {
    return std::stoi(hash.substr(4, 2));  // $2y$10$...
}

/// Nobody's password: only its cost matters.
std::string nobodys_hash(int cost) {
    return fmt::format("$2b${:02}$abcdefghijklmnopqrstuuT6LKTdQ3ys5wYKT0MNwH3GIbrGkgYRm", cost);
}

bool matches(const std::string& password, const std::string& hash) {
    // crypt_data is 32 KiB: too much for a stack that others share.
    const auto scratch = std::make_unique<crypt_data>();
    const char* computed = crypt_r(password.c_str(), hash.c_str(), scratch.get());
    const bool same = computed != nullptr && std::strlen(computed) == hash.size() &&
                      CRYPTO_memcmp(computed, hash.data(), hash.size()) == 0;
    OPENSSL_cleanse(scratch.get(), sizeof(crypt_data));
    return same;
}

HttpResponse unauthorized() {
    HttpResponse response = HttpResponse::text(401, "Unauthorized: a user and a password are expected.");
    response.headers.emplace_back("WWW-Authenticate", R"(Basic realm="keysyncd", charset="UTF-8")");
    return response;
}

}  // namespace

std::optional<Credentials> parse_basic(std::string_view authorization) {
    constexpr std::string_view scheme = "Basic ";
    if (!boost::urls::grammar::ci_is_equal(authorization.substr(0, scheme.size()), scheme)) {
        return std::nullopt;
    }
    const auto decoded = entra::decode_base64(authorization.substr(scheme.size()));
    if (!decoded) {
        return std::nullopt;
    }
    const std::string_view pair(reinterpret_cast<const char*>(decoded->data()), decoded->size());
    const auto colon = pair.find(':');
    // bcrypt's C interface would stop at a NUL and take the rest of a password for right.
    if (colon == std::string_view::npos || pair.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    return Credentials{std::string(pair.substr(0, colon)), std::string(pair.substr(colon + 1))};
}

std::vector<int> costs_of_a_miss(const UserHashes& users, const std::string& name) {
    int highest = 4;  // bcrypt's lowest
    for (const auto& [user, hash] : users) {
        highest = std::max(highest, cost_of(hash));
    }
    const auto user = users.find(name);
    if (user == users.end()) {
        return {highest};
    }
    // Each cost is twice the one below it: n and n, n+1, ... m-1 take as long as m.
    std::vector<int> costs{cost_of(user->second)};
    for (int cost = costs.front(); cost < highest; ++cost) {
        costs.push_back(cost);
    }
    return costs;
}

bool verify_password(const UserHashes& users, const Credentials& credentials) {
    const std::vector<int> costs = costs_of_a_miss(users, credentials.user);
    const auto user = users.find(credentials.user);
    const bool known = user != users.end();
    if (matches(credentials.password, known ? user->second : nobodys_hash(costs.front())) && known) {
        return true;
    }
    for (const int cost : costs | std::views::drop(1)) {
        static_cast<void>(matches(credentials.password, nobodys_hash(cost)));
    }
    return false;
}

VerifiedCredentials::VerifiedCredentials() : key_{} {
    if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) {
        throw std::runtime_error("no random bytes from OpenSSL");
    }
}

VerifiedCredentials::Digest VerifiedCredentials::digest(std::string_view hash, const Credentials& credentials) const {
    std::string text(hash);
    text += '\0';
    text += credentials.user;
    text += '\0';
    text += credentials.password;
    Digest made{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), reinterpret_cast<const unsigned char*>(text.data()),
         text.size(), made.data(), &size);
    OPENSSL_cleanse(text.data(), text.size());
    return made;
}

bool VerifiedCredentials::contains(std::string_view hash, const Credentials& credentials) const {
    const Digest wanted = digest(hash, credentials);
    const std::scoped_lock lock(mutex_);
    return known_.contains(wanted);
}

void VerifiedCredentials::add(std::string_view hash, const Credentials& credentials) {
    const Digest made = digest(hash, credentials);
    const std::scoped_lock lock(mutex_);
    if (known_.size() >= limit_) {
        known_.clear();  // passwords have been changed that often; the few in use come back at once
    }
    known_.insert(made);
}

class BasicAuth::Impl {
  public:
    VerifiedCredentials verified;
    BoundedWorker worker{64};  // last: it uses what stands above
};

BasicAuth::BasicAuth() : impl_(std::make_unique<Impl>()) {}
BasicAuth::~BasicAuth() = default;

void BasicAuth::check(std::shared_ptr<const UserHashes> users, std::string_view authorization, HttpVerdict verdict) {
    auto credentials = parse_basic(authorization);
    if (!credentials) {
        verdict(unauthorized());
        return;
    }
    const auto user = users->find(credentials->user);
    if (user != users->end() && impl_->verified.contains(user->second, *credentials)) {
        verdict(std::nullopt);
        return;
    }
    auto check = [this, users = std::move(users), given = std::move(*credentials), verdict](bool stopping) {
        if (stopping) {
            verdict(HttpResponse::text(503, "The server stops."));
        } else if (verify_password(*users, given)) {
            impl_->verified.add(users->at(given.user), given);
            verdict(std::nullopt);
        } else {
            verdict(unauthorized());
        }
    };
    if (!impl_->worker.enqueue(std::move(check))) {
        HttpResponse busy = HttpResponse::text(503, "Too many passwords are being checked; try again later.");
        busy.headers.emplace_back("Retry-After", "5");
        verdict(std::move(busy));
    }
}

}  // namespace keysyncd::daemon
