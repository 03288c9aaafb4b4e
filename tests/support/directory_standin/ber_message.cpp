#include "ber_message.hpp"

#include <algorithm>
#include <stdexcept>

namespace standin {
namespace {

constexpr ber_tag_t controls_tag = 0xa0;
constexpr ber_tag_t sasl_tag = 0xa3;
constexpr int deepest_filter = 20;

Ber reader(const std::string& bytes) {
    berval value{bytes.size(), const_cast<char*>(bytes.data())};
    return Ber(ber_init(&value));
}

std::string text(const berval& value) {
    return {value.bv_val, value.bv_len};
}

bool parse_filter(BerElement* ber, Filter& filter, int depth) {
    ber_len_t length = 0;
    filter.kind = ber_peek_tag(ber, &length);
    berval name{};
    berval value{};
    switch (filter.kind) {
        case 0xa0:
        case 0xa1: {
            if (depth >= deepest_filter) {
                return false;
            }
            char* end = nullptr;
            for (ber_tag_t next = ber_first_element(ber, &length, &end); next != LBER_DEFAULT;
                 next = ber_next_element(ber, &length, end)) {
                if (!parse_filter(ber, filter.parts.emplace_back(), depth + 1)) {
                    return false;
                }
            }
            return true;
        }
        case 0xa2:
            return depth < deepest_filter && ber_skip_tag(ber, &length) == 0xa2 &&
                   parse_filter(ber, filter.parts.emplace_back(), depth + 1);
        case 0xa3:
        case 0xa5:
        case 0xa6:
            if (ber_scanf(ber, "{mm}", &name, &value) == LBER_ERROR) {
                return false;
            }
            filter.attribute = text(name);
            filter.value = text(value);
            return true;
        case 0x87:
            if (ber_scanf(ber, "m", &name) == LBER_ERROR) {
                return false;
            }
            filter.attribute = text(name);
            return true;
        default:
            return false;
    }
}

bool parse_search(BerElement* ber, Request& request) {
    berval base{};
    ber_int_t aliases = 0;
    ber_int_t time_limit = 0;
    ber_int_t types_only = 0;
    if (ber_scanf(ber, "{meeiib", &base, &request.scope, &aliases, &request.size_limit, &time_limit, &types_only) ==
        LBER_ERROR) {
        return false;
    }
    request.base = text(base);
    if (!parse_filter(ber, request.filter, 0)) {
        return false;
    }
    ber_len_t length = 0;
    char* end = nullptr;
    for (ber_tag_t next = ber_first_element(ber, &length, &end); next != LBER_DEFAULT;
         next = ber_next_element(ber, &length, end)) {
        berval name{};
        if (ber_scanf(ber, "m", &name) == LBER_ERROR) {
            return false;
        }
        request.attributes.push_back(text(name));
    }
    return ber_scanf(ber, "}") != LBER_ERROR;
}

bool parse_controls(BerElement* ber, Request& request) {
    ber_len_t length = 0;
    if (ber_peek_tag(ber, &length) != controls_tag) {
        return true;
    }
    char* end = nullptr;
    for (ber_tag_t next = ber_first_element(ber, &length, &end); next != LBER_DEFAULT;
         next = ber_next_element(ber, &length, end)) {
        Control control;
        berval oid{};
        if (ber_scanf(ber, "{m", &oid) == LBER_ERROR) {
            return false;
        }
        control.oid = text(oid);
        if (ber_peek_tag(ber, &length) == LBER_BOOLEAN) {
            ber_int_t critical = 0;
            ber_scanf(ber, "b", &critical);
            control.critical = critical != 0;
        }
        if (ber_peek_tag(ber, &length) == LBER_OCTETSTRING) {
            berval value{};
            ber_scanf(ber, "m", &value);
            control.value = text(value);
        }
        if (ber_scanf(ber, "}") == LBER_ERROR) {
            return false;
        }
        request.controls.push_back(std::move(control));
    }
    return true;
}

class Writer {
  public:
    Writer() : ber_(ber_alloc_t(LBER_USE_DER)) {}

    template <class... Arguments>
    Writer& print(const char* format, Arguments... arguments) {
        if (ber_printf(ber_.get(), format, arguments...) < 0) {
            throw std::runtime_error("an answer does not encode");
        }
        return *this;
    }
    Writer& octets(const std::string& bytes) { return print("o", bytes.data(), bytes.size()); }

    [[nodiscard]] std::string take() {
        berval flat{};
        if (ber_flatten2(ber_.get(), &flat, 0) < 0) {
            throw std::runtime_error("an answer is not whole");
        }
        return text(flat);
    }

  private:
    Ber ber_;
};

}  // namespace

const Control* Request::control(const std::string& oid) const {
    const auto found = std::ranges::find(controls, oid, &Control::oid);
    return found == controls.end() ? nullptr : &*found;
}

std::size_t message_size(const std::string& buffer) {
    if (buffer.size() < 2) {
        return 0;
    }
    const auto first = static_cast<unsigned char>(buffer[1]);
    if (first < 0x80) {
        return 2U + first;
    }
    const std::size_t digits = first & 0x7fU;
    if (digits > 4) {
        throw std::runtime_error("the client's message is too long");
    }
    if (buffer.size() < 2 + digits) {
        return 0;
    }
    std::size_t length = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        length = length << 8U | static_cast<unsigned char>(buffer[2 + i]);
    }
    return 2 + digits + length;
}

std::optional<Request> parse_request(const std::string& bytes) {
    const Ber ber = reader(bytes);
    Request request;
    ber_len_t length = 0;
    if (ber_scanf(ber.get(), "{i", &request.id) == LBER_ERROR) {
        return std::nullopt;
    }
    request.operation = ber_peek_tag(ber.get(), &length);
    if (request.operation == tag::search_request) {
        if (!parse_search(ber.get(), request) || !parse_controls(ber.get(), request)) {
            return std::nullopt;
        }
    } else if (request.operation == tag::bind_request) {
        ber_int_t version = 0;
        berval account{};
        if (ber_scanf(ber.get(), "{im", &version, &account) == LBER_ERROR) {
            return std::nullopt;
        }
        request.base = text(account);
        berval mechanism{};
        if (ber_peek_tag(ber.get(), &length) == sasl_tag && ber_scanf(ber.get(), "{m", &mechanism) != LBER_ERROR) {
            request.mechanism = text(mechanism);
        }
    }
    return request;
}

std::string encode_result(ber_int_t id, ber_tag_t operation, const Result& result) {
    Writer writer;
    writer.print("{it{e", id, operation, result.code).octets({}).octets(result.message);
    if (!result.referral.empty()) {
        writer.print("t{", ber_tag_t{0xa3}).octets(result.referral).print("}");
    }
    writer.print("}");
    if (!result.controls.empty()) {
        writer.print("t{", controls_tag);
        for (const auto& control : result.controls) {
            writer.print("{").octets(control.oid).print("b", control.critical ? 1 : 0).octets(control.value).print("}");
        }
        writer.print("}");
    }
    return writer.print("}").take();
}

std::string encode_entry(ber_int_t id, const std::string& dn, const std::vector<Value>& attributes) {
    Writer writer;
    writer.print("{it{", id, tag::search_entry).octets(dn).print("{");
    for (const auto& attribute : attributes) {
        writer.print("{").octets(attribute.name).print("[");
        for (const auto& value : attribute.values) {
            writer.octets(value);
        }
        writer.print("]}");
    }
    return writer.print("}}}").take();
}

std::string encode_reference(ber_int_t id, const std::string& url) {
    return Writer().print("{it{", id, tag::search_reference).octets(url).print("}}").take();
}

std::string encode_disconnection(int code, const std::string& message) {
    const std::string oid = "1.3.6.1.4.1.1466.20036";
    return Writer()
        .print("{it{e", ber_int_t{0}, tag::extended_response, code)
        .octets({})
        .octets(message)
        .print("to}}", ber_tag_t{0x8a}, oid.data(), oid.size())
        .take();
}

std::string encode_page_value(ber_int_t number, const std::string& cookie) {
    return Writer().print("{i", number).octets(cookie).print("}").take();
}

std::string encode_dirsync_value(ber_int_t more, const std::string& cookie) {
    return Writer().print("{ii", more, ber_int_t{0}).octets(cookie).print("}").take();
}

std::optional<CookieValue> parse_cookie_value(const std::string& value, bool two_numbers) {
    const Ber ber = reader(value);
    CookieValue parsed;
    berval cookie{};
    const auto end = two_numbers ? ber_scanf(ber.get(), "{iim}", &parsed.first, &parsed.second, &cookie)
                                 : ber_scanf(ber.get(), "{im}", &parsed.first, &cookie);
    if (end == LBER_ERROR) {
        return std::nullopt;
    }
    parsed.cookie = text(cookie);
    return parsed;
}

}  // namespace standin
