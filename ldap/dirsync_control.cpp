#include "ldap/dirsync_control.hpp"

#include <lber.h>

#include <memory>
#include <new>

namespace keysyncd::ldap {
namespace {

// A cookie holds a vector of all domain controllers ever: some 24 bytes each, kept in the ledger.
constexpr std::size_t largest_cookie = std::size_t{1} << 20U;

struct FreeElement {
    void operator()(BerElement* element) const noexcept { ber_free(element, 1); }
};
struct FreeValue {
    void operator()(berval* value) const noexcept { ber_bvfree(value); }
};
using Element = std::unique_ptr<BerElement, FreeElement>;

struct Fields {
    ber_int_t first = 0;
    ber_int_t second = 0;
    std::string cookie;
};

std::string encode(ber_int_t first, ber_int_t second, const std::string& cookie) {
    const Element element{ber_alloc_t(LBER_USE_DER)};
    berval octets{.bv_len = cookie.size(), .bv_val = const_cast<char*>(cookie.data())};  // only read
    berval* flattened = nullptr;
    if (!element || ber_printf(element.get(), "{iiO}", first, second, &octets) < 0 ||
        ber_flatten(element.get(), &flattened) != 0) {
        throw std::bad_alloc{};  // the one way in which encoding into memory fails
    }
    const std::unique_ptr<berval, FreeValue> owned{flattened};
    return {owned->bv_val, owned->bv_len};
}

std::optional<Fields> decode(std::string_view value) {
    if (value.empty()) {
        return std::nullopt;  // ber_init asserts that there is something
    }
    berval encoded{.bv_len = value.size(), .bv_val = const_cast<char*>(value.data())};  // copied by ber_init
    const Element element{ber_init(&encoded)};
    Fields fields;
    berval cookie{};  // points into the element
    ber_len_t sequence_bytes = 0;
    // Each tag by itself: ber_scanf would take any.
    if (!element || ber_skip_tag(element.get(), &sequence_bytes) != LBER_SEQUENCE ||
        sequence_bytes != static_cast<ber_len_t>(ber_remaining(element.get())) ||
        ber_get_int(element.get(), &fields.first) != LBER_INTEGER ||
        ber_get_int(element.get(), &fields.second) != LBER_INTEGER ||
        ber_get_stringbv(element.get(), &cookie, 0) != LBER_OCTETSTRING) {
        return std::nullopt;
    }
    if (cookie.bv_len > largest_cookie || ber_remaining(element.get()) != 0) {
        return std::nullopt;
    }
    fields.cookie.assign(cookie.bv_val, cookie.bv_len);
    return fields;
}

}  // namespace

std::string encode_dirsync_request(const DirSyncRequest& request) {
    // The flags are 32 bits in a signed INTEGER: the topmost makes it negative.
    return encode(static_cast<ber_int_t>(request.flags), request.most_bytes, request.cookie);
}

std::string encode_dirsync_response(const DirSyncResponse& response) {
    return encode(response.more ? 1 : 0, 0, response.cookie);
}

std::optional<DirSyncRequest> decode_dirsync_request(std::string_view value) {
    auto fields = decode(value);
    if (!fields) {
        return std::nullopt;
    }
    return DirSyncRequest{.flags = static_cast<std::uint32_t>(fields->first),
                          .most_bytes = fields->second,
                          .cookie = std::move(fields->cookie)};
}

std::optional<DirSyncResponse> decode_dirsync_response(std::string_view value) {
    auto fields = decode(value);
    if (!fields) {
        return std::nullopt;
    }
    return DirSyncResponse{.more = fields->first != 0, .cookie = std::move(fields->cookie)};
}

}  // namespace keysyncd::ldap
