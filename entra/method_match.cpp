#include "entra/method_match.hpp"

#include <algorithm>
#include <chrono>

#include "entra/base64.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::size_t key_id_bytes = 32;  // SHA-256, for all but FIDO keys

std::optional<std::vector<std::byte>> decode_hex(std::string_view text) {
    const auto digit = [](char c) -> int {
        if (c >= '0' && c <= '9') {
            return c - '0';
        }
        if (c >= 'a' && c <= 'f') {
            return c - 'a' + 10;
        }
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    };
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit(text[i]);
        const int low = digit(text[i + 1]);
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        bytes.push_back(static_cast<std::byte>(high * 16 + low));
    }
    return bytes;
}

struct Reading {
    std::vector<std::vector<std::byte>> ids;

    [[nodiscard]] bool is(const std::vector<std::byte>& key_id) const {
        return !key_id.empty() && std::ranges::find(ids, key_id) != ids.end();
    }
    /// The id has the size of a key id: it is most likely one.
    [[nodiscard]] bool names_a_key() const {
        return std::ranges::any_of(ids, [](const auto& id) { return id.size() == key_id_bytes; });
    }
};

struct Candidate {
    Ticks apart;
    std::size_t key;
    std::size_t method;
    auto operator<=>(const Candidate&) const = default;
};

}  // namespace

std::vector<std::vector<std::byte>> key_id_readings(std::string_view method_id) {
    std::vector<std::vector<std::byte>> readings;
    for (auto reading :
         {decode_url_token(method_id), decode_base64url(method_id), decode_base64(method_id), decode_hex(method_id)}) {
        if (reading && !reading->empty()) {
            readings.push_back(std::move(*reading));
        }
    }
    return readings;
}

KeyIdReading read_key_id(std::string_view method_id, std::span<const std::byte> key_id) {
    const Reading reading{key_id_readings(method_id)};
    if (reading.is({key_id.begin(), key_id.end()})) {
        return KeyIdReading::this_key;
    }
    return reading.names_a_key() ? KeyIdReading::another_key : KeyIdReading::unreadable;
}

std::vector<std::optional<MethodMatch>> match_methods(std::span<const KeyEvidence> keys,
                                                      std::span<const AuthenticationMethod> methods, Ticks tolerance) {
    std::vector<Reading> readings;
    for (const AuthenticationMethod& method : methods) {
        readings.push_back({key_id_readings(method.id)});
    }
    std::vector<std::optional<MethodMatch>> matches(keys.size());
    std::vector<bool> taken(methods.size());
    for (std::size_t k = 0; k < keys.size(); ++k) {
        for (std::size_t m = 0; m < methods.size() && !matches[k]; ++m) {
            if (!taken[m] && methods[m].kind == keys[k].kind && readings[m].is(keys[k].key_id)) {
                matches[k] = MethodMatch{m, MatchedBy::key_id};
                taken[m] = true;
            }
        }
    }
    std::vector<Candidate> candidates;
    for (std::size_t k = 0; k < keys.size(); ++k) {
        for (std::size_t m = 0; m < methods.size(); ++m) {
            const bool another_keys = !keys[k].key_id.empty() && readings[m].names_a_key();
            if (matches[k] || taken[m] || another_keys || methods[m].kind != keys[k].kind || !keys[k].registered_at ||
                !methods[m].created_at) {
                continue;
            }
            const Ticks apart = std::chrono::abs(*keys[k].registered_at - *methods[m].created_at);
            if (apart <= tolerance) {
                candidates.push_back({apart, k, m});
            }
        }
    }
    std::ranges::sort(candidates);
    for (const Candidate& candidate : candidates) {
        if (!matches[candidate.key] && !taken[candidate.method]) {
            matches[candidate.key] = MethodMatch{candidate.method, MatchedBy::time};
            taken[candidate.method] = true;
        }
    }
    return matches;
}

}  // namespace keysyncd::entra
