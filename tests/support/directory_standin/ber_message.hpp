// LDAP messages (RFC 4511) for the directory stand-in: requests out of bytes and answers into bytes, by liblber alone.
#pragma once

#include <lber.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace standin {

struct FreeBer {
    void operator()(BerElement* ber) const noexcept { ber_free(ber, 1); }
};
using Ber = std::unique_ptr<BerElement, FreeBer>;

namespace tag {
constexpr ber_tag_t bind_request = 0x60;
constexpr ber_tag_t bind_response = 0x61;
constexpr ber_tag_t unbind_request = 0x42;
constexpr ber_tag_t search_request = 0x63;
constexpr ber_tag_t search_entry = 0x64;
constexpr ber_tag_t search_done = 0x65;
constexpr ber_tag_t search_reference = 0x73;
constexpr ber_tag_t extended_request = 0x77;
constexpr ber_tag_t extended_response = 0x78;
}  // namespace tag

struct Control {
    std::string oid;
    bool critical = false;
    std::string value;
};

/// A search filter. `kind` is its BER tag: 0xa0 and, 0xa1 or, 0xa2 not, 0xa3 equal, 0xa5 at least, 0x87 present.
struct Filter {
    ber_tag_t kind = 0;
    std::string attribute;
    std::string value;
    std::vector<Filter> parts;
};

struct Request {
    ber_int_t id = 0;
    ber_tag_t operation = 0;
    std::string base;       ///< of a search; the account of a bind
    std::string mechanism;  ///< of a SASL bind; "" for a simple one
    ber_int_t scope = 0;
    ber_int_t size_limit = 0;
    Filter filter;
    std::vector<std::string> attributes;
    std::vector<Control> controls;

    [[nodiscard]] const Control* control(const std::string& oid) const;
};

/// std::nullopt for bytes that are no message.
[[nodiscard]] std::optional<Request> parse_request(const std::string& bytes);

/// How many bytes the message at the start of `buffer` takes; 0 while that cannot be told yet.
[[nodiscard]] std::size_t message_size(const std::string& buffer);

struct Result {
    int code = 0;
    std::string message{};
    std::string referral{};
    std::vector<Control> controls{};
};

struct Value {
    std::string name;
    std::vector<std::string> values;
};

[[nodiscard]] std::string encode_result(ber_int_t id, ber_tag_t operation, const Result& result);
[[nodiscard]] std::string encode_entry(ber_int_t id, const std::string& dn, const std::vector<Value>& attributes);
[[nodiscard]] std::string encode_reference(ber_int_t id, const std::string& url);
/// An unsolicited notice of disconnection (RFC 4511 4.4.1).
[[nodiscard]] std::string encode_disconnection(int code, const std::string& message);
/// { number, octets }: the value of the paging control; with two numbers that of DirSync.
[[nodiscard]] std::string encode_page_value(ber_int_t number, const std::string& cookie);
[[nodiscard]] std::string encode_dirsync_value(ber_int_t more, const std::string& cookie);

struct CookieValue {
    ber_int_t first = 0;
    ber_int_t second = 0;
    std::string cookie;
};
[[nodiscard]] std::optional<CookieValue> parse_cookie_value(const std::string& value, bool two_numbers);

}  // namespace standin
