#include "ldap/paged_search.hpp"

#include <fmt/format.h>
#include <lber.h>
#include <ldap.h>

#include <memory>
#include <utility>

#include "ldap/range_retrieval.hpp"

namespace keysyncd::ldap {
namespace {

struct FreeBer {
    void operator()(BerElement* ber) const noexcept { ber_free(ber, 1); }
};

// realSearchControlValue ::= SEQUENCE { size INTEGER, cookie OCTET STRING }
std::string encode_page(int size, const std::string& cookie) {
    const std::unique_ptr<BerElement, FreeBer> ber(ber_alloc_t(LBER_USE_DER));
    berval flat{};
    if (ber == nullptr || ber_printf(ber.get(), "{io}", size, cookie.data(), cookie.size()) < 0 ||
        ber_flatten2(ber.get(), &flat, 0) < 0) {
        throw std::bad_alloc();
    }
    return {flat.bv_val, flat.bv_len};
}

// std::nullopt when the value is no page control.
std::optional<std::string> decode_cookie(const std::string& value) {
    berval bytes{};
    bytes.bv_len = value.size();
    bytes.bv_val = const_cast<char*>(value.data());  // copied by ber_init
    const std::unique_ptr<BerElement, FreeBer> ber(ber_init(&bytes));
    ber_int_t estimate = 0;
    berval cookie{};
    if (ber == nullptr || ber_scanf(ber.get(), "{im}", &estimate, &cookie) == LBER_ERROR) {
        return std::nullopt;
    }
    return std::string(cookie.bv_val, cookie.bv_len);
}

std::expected<std::string, PollError> next_cookie(const Connection& connection, const SearchResult& result) {
    for (const auto& control : result.controls) {
        if (control.oid == LDAP_CONTROL_PAGEDRESULTS) {
            if (auto cookie = decode_cookie(control.value)) {
                return std::move(*cookie);
            }
        }
    }
    return std::unexpected(PollError{PollFailure::protocol, connection.server().url(),
                                     "a page of a search came without its paging control"});
}

}  // namespace

std::expected<std::uint64_t, PollError> paged_search(Connection& connection, const SearchRequest& request,
                                                     const PageVisitor& visit, const std::stop_token& stop) {
    std::vector<Entry> page;
    return paged_search(
        connection, request,
        [&](const EntryView& entry) {
            page.push_back(entry.copy());
            return true;
        },
        [&] { return visit(std::exchange(page, {})); }, stop);
}

std::expected<std::uint64_t, PollError> paged_search(Connection& connection, const SearchRequest& request,
                                                     const EntryVisitor& on_entry, const PageEnd& on_page,
                                                     const std::stop_token& stop) {
    SearchRequest page_request = request;
    page_request.controls.push_back({.oid = LDAP_CONTROL_PAGEDRESULTS, .value = {}, .critical = true});
    const auto ask = [&](const std::string& cookie) {
        page_request.controls.back().value = encode_page(connection.limits().page_size, cookie);
        return connection.send(page_request, stop);
    };
    std::uint64_t entries = 0;
    auto under_way = ask({});
    for (;;) {
        if (!under_way) {
            return std::unexpected(std::move(under_way.error()));
        }
        auto result = connection.receive(
            *under_way,
            [&](const EntryView& entry) {
                ++entries;
                return on_entry(entry);
            },
            stop);
        if (!result) {
            return std::unexpected(std::move(result.error()));
        }
        if (result->code != result_code::success) {
            return std::unexpected(
                connection.refused(*result, fmt::format("searching {} under \"{}\"", request.filter, request.base)));
        }
        const auto cookie = next_cookie(connection, *result);
        if (!cookie) {
            return std::unexpected(cookie.error());
        }
        // The server gathers the next page while this one is worked on.
        const bool last = cookie->empty();
        if (!last) {
            under_way = ask(*cookie);
        }
        auto wanted = on_page();
        if (wanted && *wanted && !stop.stop_requested()) {
            if (last) {
                return entries;
            }
            continue;
        }
        if (!last && under_way) {
            connection.abandon(*under_way);
        }
        if (!wanted) {
            return std::unexpected(std::move(wanted.error()));
        }
        return std::unexpected(PollError{PollFailure::stopped, connection.server().url(), "asked to stop"});
    }
}

std::expected<void, PollError> complete_ranges(Connection& connection, Entry& entry, std::string_view name,
                                               const std::stop_token& stop) {
    const Attribute* first = find_with_range(entry, name);
    if (first == nullptr || !parse_ranged_name(first->name)) {
        return {};
    }
    Attribute whole{.name = std::string(name), .values = first->values};
    auto wanted = next_range(*first);
    while (wanted) {
        auto part = connection.read({.base = entry.dn, .attributes = {*wanted}}, stop);
        if (!part) {
            return std::unexpected(std::move(part.error()));
        }
        const Attribute* more = *part ? find_with_range(**part, name) : nullptr;
        if (more == nullptr || more->values.empty()) {
            break;  // values were removed meanwhile: the object's next change tells
        }
        if (!begins_where_asked(*more, *wanted)) {
            return std::unexpected(
                PollError{PollFailure::protocol, connection.server().url(),
                          fmt::format("asked for {} of {}, the server answered {}", *wanted, entry.dn, more->name)});
        }
        whole.values.insert(whole.values.end(), more->values.begin(), more->values.end());
        wanted = next_range(*more);
    }
    std::erase_if(entry.attributes, [&](const Attribute& attribute) {
        const auto ranged = parse_ranged_name(attribute.name);
        return equal_names(ranged ? ranged->base : attribute.name, name);
    });
    entry.attributes.push_back(std::move(whole));
    return {};
}

}  // namespace keysyncd::ldap
