// How fast key credentials decode, against SHA-256 of the same bytes, one after the other in the same process and on
// the same core. The best of many short rounds counts: what others on the machine do only adds.
// Prints one line a measurement, and fails where the ratios that the project promises do not hold.
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "ldap/key_blob_view.hpp"
#include "ldap/key_value.hpp"
#include "ldap/sha256.hpp"
#include "tests/support/key_credential_builder.hpp"

namespace ldap = keysyncd::ldap;
using keysyncd::testing::Bytes;
using keysyncd::testing::KeyCredentialBuilder;

namespace {

constexpr std::size_t value_count = 512;  // some 200 kB of blobs: more than a first-level cache, as in a sweep
constexpr int rounds = 300;
const ldap::Instant now{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}};

std::uint64_t sink = 0;  // what is computed is used

struct Measurement {
    std::string_view what;
    std::function<std::uint64_t()> pass;  ///< over all values
    double nanoseconds = 1e300;           ///< a value, in the best round
};

/// Every round runs all of them, one right after the other: they share what the machine does besides.
void run(std::vector<Measurement>& measurements) {
    for (int round = 0; round < rounds; ++round) {
        for (Measurement& measurement : measurements) {
            const auto began = std::chrono::steady_clock::now();
            sink += measurement.pass();
            const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
            measurement.nanoseconds = std::min(measurement.nanoseconds, took.count() / value_count);
        }
    }
}

template <typename Values, typename Work>
std::function<std::uint64_t()> over(const Values& values, Work work) {
    return [&values, work] {
        std::uint64_t sum = 0;
        for (const auto& value : values) {
            sum += work(value);
        }
        return sum;
    };
}

/// The usual way to hash with OpenSSL, for comparison: one context, one fetched algorithm.
class PlainSha256 {
  public:
    PlainSha256()
        : digest_{EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free}, context_{EVP_MD_CTX_new(), EVP_MD_CTX_free} {}

    std::uint64_t operator()(const Bytes& bytes) const {
        unsigned char hash[32];
        if (EVP_DigestInit_ex2(context_.get(), digest_.get(), nullptr) != 1 ||
            EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1 ||
            EVP_DigestFinal_ex(context_.get(), hash, nullptr) != 1) {
            std::abort();
        }
        return hash[0];
    }

  private:
    std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> digest_;
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::uint64_t view(const Bytes& blob, ldap::HashChecks hashes) {
    const auto key = ldap::view_key_blob(blob, now, hashes);
    return key->key_id.size() + (key->key_hash_valid == true ? 1U : 0U);
}

}  // namespace

int main() {
    std::vector<Bytes> blobs;
    std::vector<std::string> texts;
    for (std::uint32_t seed = 0; seed < value_count; ++seed) {
        const KeyCredentialBuilder builder{seed};
        blobs.push_back(builder.build());
        texts.push_back(builder.value());
    }
    const PlainSha256 plain;
    constexpr auto on = ldap::HashChecks::on;
    constexpr auto off = ldap::HashChecks::off;
    std::vector<Measurement> measurements{
        {"SHA-256 of the value (OpenSSL, fetched, context reused)", over(blobs, std::cref(plain))},
        {"decode, both hashes checked", over(blobs, [](const Bytes& blob) { return view(blob, on); })},
        {"decode, no hashes", over(blobs, [](const Bytes& blob) { return view(blob, off); })},
        {"decode into the daemon's key, both hashes checked",
         over(blobs, [](const Bytes& blob) { return ldap::decode_key_blob(blob, now, on)->value_hash; })},
        {"decode into the daemon's key, no hashes",
         over(blobs, [](const Bytes& blob) { return ldap::decode_key_blob(blob, now, off)->value_hash; })},
        {"the same from DN-Binary text, both hashes checked",
         over(texts, [](const std::string& text) { return ldap::decode_key_value(text, now, on)->value_hash; })},
        {"the same from DN-Binary text, no hashes",
         over(texts, [](const std::string& text) { return ldap::decode_key_value(text, now, off)->value_hash; })},
    };
    run(measurements);

    const double sha = measurements[0].nanoseconds;
    const double checked = sha / measurements[1].nanoseconds;
    const double unchecked = measurements[1].nanoseconds / measurements[2].nanoseconds;
    fmt::print("{} values of {} bytes, {} rounds, the best of each\n", value_count, blobs.front().size(), rounds);
    for (const Measurement& measurement : measurements) {
        fmt::print("{:<58} {:>7.1f} ns {:>10.0f} values/s {:>6.2f} x SHA-256\n", measurement.what,
                   measurement.nanoseconds, 1e9 / measurement.nanoseconds, sha / measurement.nanoseconds);
    }
    const bool holds = checked >= 0.5 && unchecked >= 10;
    fmt::print(
        "with hash checks at least 0.5 of SHA-256's speed: {:.2f}; without them at least 10 times as fast: {:.1f}: "
        "{}\n",
        checked, unchecked, holds ? "holds" : "MISSED");
    return holds && sink != 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
