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

EntryView EntryReader::read(LDAP* handle, LDAPMessage* message) {
    attributes_.clear();
    value_counts_.clear();
    values_.clear();
    BerElement* raw = nullptr;
    berval dn{};
    if (ldap_get_dn_ber(handle, message, &raw, &dn) != LDAP_SUCCESS) {
        return {};
    }
    const std::unique_ptr<BerElement, FreeBer> ber(raw);
    berval name{};
    berval* values = nullptr;
    while (ldap_get_attribute_ber(handle, message, raw, &name, &values) == LDAP_SUCCESS && name.bv_val != nullptr) {
        const std::size_t before = values_.size();
        for (const berval* value = values; value != nullptr && value->bv_val != nullptr; ++value) {
            values_.emplace_back(value->bv_val, value->bv_len);
        }
        ber_memfree(values);  // the array alone is ours: the bytes belong to the message
        values = nullptr;
        attributes_.push_back({.name = {name.bv_val, name.bv_len}, .values = {}});
        value_counts_.push_back(values_.size() - before);
    }
    // Only now do the values stay where they are.
    std::span<const std::string_view> rest{values_};
    for (std::size_t i = 0; i < attributes_.size(); ++i) {
        attributes_[i].values = rest.first(value_counts_[i]);
        rest = rest.subspan(value_counts_[i]);
    }
    return {.dn = {dn.bv_val, dn.bv_len}, .attributes = attributes_};
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
