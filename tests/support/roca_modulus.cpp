#include "tests/support/roca_modulus.hpp"

#include <openssl/bn.h>

#include <memory>

namespace keysyncd::testing {
namespace {

struct FreeNumber {
    void operator()(BIGNUM* number) const noexcept { BN_free(number); }
};
struct FreeContext {
    void operator()(BN_CTX* context) const noexcept { BN_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, FreeNumber>;

bool is_prime(unsigned n) {
    for (unsigned divisor = 2; divisor * divisor <= n; ++divisor) {
        if (n % divisor == 0) {
            return false;
        }
    }
    return n > 1;
}

}  // namespace

Bytes make_roca_modulus(std::uint32_t seed, std::size_t bits) {
    const std::unique_ptr<BN_CTX, FreeContext> context{BN_CTX_new()};
    const Number product{BN_new()};
    BN_one(product.get());
    for (unsigned n = 3; n <= 167; ++n) {
        if (is_prime(n)) {
            BN_mul_word(product.get(), n);
        }
    }
    const Number generator{BN_new()};
    const Number exponent{BN_new()};
    const Number power{BN_new()};
    BN_set_word(generator.get(), 65537);
    BN_set_word(exponent.get(), 1000003ULL * seed + 17);
    BN_mod_exp(power.get(), generator.get(), exponent.get(), product.get(), context.get());
    // The largest multiple of the product below a modulus of that length, so that the length stays.
    const Bytes wanted = make_modulus(seed, bits);
    const Number number{
        BN_bin2bn(reinterpret_cast<const unsigned char*>(wanted.data()), static_cast<int>(wanted.size()), nullptr)};
    const Number rest{BN_new()};
    BN_mod(rest.get(), number.get(), product.get(), context.get());
    BN_sub(number.get(), number.get(), rest.get());
    BN_add(number.get(), number.get(), power.get());
    Bytes modulus(bits / 8);
    BN_bn2binpad(number.get(), reinterpret_cast<unsigned char*>(modulus.data()), static_cast<int>(modulus.size()));
    return modulus;
}

}  // namespace keysyncd::testing
