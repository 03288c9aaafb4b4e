#include "ldap/search_messages.hpp"

#include <lber.h>
#include <ldap.h>

#include <memory>
#include <utility>

namespace keysyncd::ldap {
namespace {

struct FreeBer {
    void operator()(BerElement* ber) const noexcept { ber_free(ber, 0); }
};
struct FreeControls {
    void operator()(LDAPControl** controls) const noexcept { ldap_controls_free(controls); }
};
struct FreeText {
    void operator()(char* text) const noexcept { ldap_memfree(text); }
};

ber_len_t bytes_left(BerElement& ber) {
    ber_len_t left = 0;
    ber_get_option(&ber, LBER_OPT_BER_REMAINING_BYTES, &left);
    return left;
}

std::vector<Control> to_controls(LDAPControl** controls) {
    std::vector<Control> result;
    for (LDAPControl** control = controls; control != nullptr && *control != nullptr; ++control) {
        const berval& value = (*control)->ldctl_value;
        result.push_back({.oid = (*control)->ldctl_oid,
                          .value = value.bv_val == nullptr ? std::string{} : std::string(value.bv_val, value.bv_len),
                          .critical = (*control)->ldctl_iscritical != 0});
    }
    return result;
}

int to_scope(SearchScope scope) {
    switch (scope) {
        case SearchScope::base:
            return LDAP_SCOPE_BASE;
        case SearchScope::one_level:
            return LDAP_SCOPE_ONELEVEL;
        case SearchScope::subtree:
            break;
    }
    return LDAP_SCOPE_SUBTREE;
}

}  // namespace

WireRequest::WireRequest(const SearchRequest& request) : scope_(to_scope(request.scope)) {
    for (const auto& attribute : request.attributes) {
        attributes_.push_back(const_cast<char*>(attribute.c_str()));
    }
    attributes_.push_back(nullptr);
    storage_.reserve(request.controls.size());
    for (const auto& control : request.controls) {
        LDAPControl& wire = storage_.emplace_back();
        wire.ldctl_oid = const_cast<char*>(control.oid.c_str());
        wire.ldctl_value.bv_len = control.value.size();
        wire.ldctl_value.bv_val = control.value.empty() ? nullptr : const_cast<char*>(control.value.data());
        wire.ldctl_iscritical = control.critical ? 1 : 0;
        controls_.push_back(&wire);
    }
    controls_.push_back(nullptr);
}

std::optional<EntryView> EntryReader::read(LDAP* handle, LDAPMessage* message) {
    attributes_.clear();
    value_counts_.clear();
    values_.clear();
    BerElement* raw = nullptr;
    berval dn{};
    if (ldap_get_dn_ber(handle, message, &raw, &dn) != LDAP_SUCCESS) {
        return std::nullopt;
    }
    const std::unique_ptr<BerElement, FreeBer> ber(raw);
    while (bytes_left(*ber) > 0) {
        if (!read_attribute(*ber)) {
            return std::nullopt;
        }
    }
    // Only now do the values stay where they are.
    std::span<const std::string_view> rest{values_};
    for (std::size_t i = 0; i < attributes_.size(); ++i) {
        attributes_[i].values = rest.first(value_counts_[i]);
        rest = rest.subspan(value_counts_[i]);
    }
    return EntryView{.dn = {dn.bv_val, dn.bv_len}, .attributes = attributes_};
}

// PartialAttribute ::= SEQUENCE { type, vals SET OF } (RFC 4511 4.1.7). Unlike ldap_get_attribute_ber, which allocates
// an array for each, and unlike it tells an attribute that ends early from the last one.
bool EntryReader::read_attribute(BerElement& ber) {
    berval name{};
    ber_len_t length = 0;
    char* end = nullptr;
    if (ber_scanf(&ber, "{m", &name) == LBER_ERROR || ber_peek_tag(&ber, &length) != LBER_SET) {
        return false;
    }
    const std::size_t before = values_.size();
    for (ber_tag_t tag = ber_first_element(&ber, &length, &end); tag != LBER_DEFAULT;
         tag = ber_next_element(&ber, &length, end)) {
        berval value{};
        if (ber_skip_element(&ber, &value) == LBER_DEFAULT) {
            return false;
        }
        values_.emplace_back(value.bv_val, value.bv_len);
    }
    attributes_.push_back({.name = {name.bv_val, name.bv_len}, .values = {}});
    value_counts_.push_back(values_.size() - before);
    return true;
}

std::expected<SearchResult, std::string> to_result(LDAP* handle, LDAPMessage* message) {
    SearchResult result;
    char* text = nullptr;
    LDAPControl** controls = nullptr;
    const int parsed = ldap_parse_result(handle, message, &result.code, nullptr, &text, nullptr, &controls, 0);
    const std::unique_ptr<char, FreeText> owned_text(text);
    const std::unique_ptr<LDAPControl*, FreeControls> owned_controls(controls);
    if (parsed != LDAP_SUCCESS) {
        return std::unexpected(std::string(ldap_err2string(parsed)));
    }
    result.message = text == nullptr ? "" : text;
    result.controls = to_controls(controls);
    return result;
}

}  // namespace keysyncd::ldap
