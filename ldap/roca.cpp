#include "ldap/roca.hpp"

#include <array>
#include <cstdint>

namespace keysyncd::ldap {
namespace {

constexpr std::uint32_t generator = 65537;
constexpr std::uint32_t largest_prime = 167;

constexpr bool is_odd_prime(std::uint32_t n) noexcept {
    for (std::uint32_t divisor = 2; divisor * divisor <= n; ++divisor) {
        if (n % divisor == 0) {
            return false;
        }
    }
    return n > 2;
}

constexpr std::size_t count_primes() noexcept {
    std::size_t count = 0;
    for (std::uint32_t n = 3; n <= largest_prime; ++n) {
        count += is_odd_prime(n) ? 1U : 0U;
    }
    return count;
}
static_assert(count_primes() == 38);

/// A prime and the residues that powers of the generator have modulo it.
struct Marker {
    std::uint32_t prime = 0;
    std::array<bool, largest_prime> is_power{};
};

constexpr Marker make_marker(std::uint32_t prime) noexcept {
    Marker marker{.prime = prime};
    for (std::uint32_t power = 1; !marker.is_power[power]; power = power * (generator % prime) % prime) {
        marker.is_power[power] = true;
    }
    return marker;
}

constexpr std::array<Marker, count_primes()> make_markers() noexcept {
    std::array<Marker, count_primes()> markers{};
    std::size_t at = 0;
    for (std::uint32_t n = 3; n <= largest_prime; ++n) {
        if (is_odd_prime(n)) {
            markers[at++] = make_marker(n);
        }
    }
    return markers;
}

constexpr std::array<Marker, count_primes()> markers = make_markers();

/// Modulo a product of primes that fits into 32 bits: one pass over the modulus serves several primes.
std::uint64_t remainder(std::span<const std::byte> modulus, std::uint64_t divisor) noexcept {
    std::uint64_t rest = 0;
    std::size_t at = 0;
    for (const std::size_t head = modulus.size() % 4; at < head; ++at) {
        rest = ((rest << 8U) | std::to_integer<std::uint64_t>(modulus[at])) % divisor;
    }
    for (; at < modulus.size(); at += 4) {
        std::uint64_t word = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            word = (word << 8U) | std::to_integer<std::uint64_t>(modulus[at + i]);
        }
        rest = ((rest << 32U) | word) % divisor;
    }
    return rest;
}

}  // namespace

bool has_roca_fingerprint(std::span<const std::byte> modulus) noexcept {
    std::size_t first = 0;
    while (first < markers.size()) {
        std::uint64_t product = 1;
        std::size_t end = first;
        while (end < markers.size() && product * markers[end].prime <= UINT32_MAX) {
            product *= markers[end++].prime;
        }
        const std::uint64_t rest = remainder(modulus, product);
        for (; first < end; ++first) {
            if (!markers[first].is_power[rest % markers[first].prime]) {
                return false;
            }
        }
    }
    return !modulus.empty();
}

}  // namespace keysyncd::ldap
