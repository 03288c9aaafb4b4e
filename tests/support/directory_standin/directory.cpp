#include "directory.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <stdexcept>

#include "ldap/entry.hpp"
#include "ldap/guid.hpp"
#include "ldap/hex.hpp"
#include "ldap/range_retrieval.hpp"

namespace standin {
namespace {

namespace json = boost::json;
using keysyncd::ldap::equal_names;

constexpr int base_object = 0;
constexpr int one_level = 1;

std::string bytes_from(const json::value& value) {
    if (value.is_string()) {
        return std::string(value.as_string());
    }
    const std::string digits(value.at("hex").as_string());
    std::string bytes(digits.size() / 2, '\0');
    if (!keysyncd::ldap::decode_hex(digits, std::as_writable_bytes(std::span(bytes)))) {
        throw std::runtime_error("not hexadecimal: " + digits);
    }
    return bytes;
}

bool is_under(const std::string& dn, const std::string& base) {
    return dn.size() > base.size() + 1 && dn[dn.size() - base.size() - 1] == ',' &&
           equal_names(std::string_view(dn).substr(dn.size() - base.size()), base);
}

bool at_least(const std::string& value, const std::string& bound) {
    long long left = 0;
    long long right = 0;
    std::from_chars(value.data(), value.data() + value.size(), left);
    std::from_chars(bound.data(), bound.data() + bound.size(), right);
    return left >= right;
}

}  // namespace

const Value* Object::find(const std::string& name) const {
    const auto found = std::ranges::find_if(attributes, [&](const Value& a) { return equal_names(a.name, name); });
    return found == attributes.end() ? nullptr : &*found;
}

std::vector<Object> objects_from(const json::value& list) {
    std::vector<Object> objects;
    for (const auto& item : list.as_array()) {
        Object object{.dn = std::string(item.at("dn").as_string()), .attributes = {}};
        for (const auto& [name, values] : item.at("attributes").as_object()) {
            Value attribute{.name = std::string(name), .values = {}};
            for (const auto& value : values.as_array()) {
                attribute.values.push_back(bytes_from(value));
            }
            object.attributes.push_back(std::move(attribute));
        }
        objects.push_back(std::move(object));
    }
    return objects;
}

bool matches(const Object& object, const Filter& filter) {
    switch (filter.kind) {
        case 0xa0:
            return std::ranges::all_of(filter.parts, [&](const Filter& part) { return matches(object, part); });
        case 0xa1:
            return std::ranges::any_of(filter.parts, [&](const Filter& part) { return matches(object, part); });
        case 0xa2:
            return !matches(object, filter.parts.front());
        default:
            break;
    }
    const Value* attribute = object.find(filter.attribute);
    if (attribute == nullptr) {
        return filter.kind == 0x87 && equal_names(filter.attribute, "objectClass");
    }
    if (filter.kind == 0x87) {
        return true;
    }
    return std::ranges::any_of(attribute->values, [&](const std::string& value) {
        return filter.kind == 0xa5 ? at_least(value, filter.value) : equal_names(value, filter.value);
    });
}

const Object* Directory::resolve(const std::string& base) const {
    std::string guid;
    if (base.starts_with("<GUID=") && base.ends_with(">")) {
        const auto parsed = keysyncd::ldap::Guid::parse(base.substr(6, base.size() - 7));
        if (!parsed) {
            return nullptr;
        }
        guid.assign(reinterpret_cast<const char*>(parsed->bytes.data()), parsed->bytes.size());
    }
    for (const auto& object : objects_) {
        const Value* id = object.find("objectGUID");
        if (guid.empty() ? equal_names(object.dn, base) : id != nullptr && id->values.front() == guid) {
            return &object;
        }
    }
    return nullptr;
}

std::vector<const Object*> Directory::search(const Request& request) const {
    std::vector<const Object*> found;
    const Object* base = resolve(request.base);
    if (base == nullptr) {
        return found;
    }
    for (const auto& object : objects_) {
        const bool itself = &object == base;
        const bool in_scope = request.scope == base_object ? itself
                              : request.scope == one_level ? !itself && is_under(object.dn, base->dn)
                                                           : itself || is_under(object.dn, base->dn);
        if (in_scope && matches(object, request.filter)) {
            found.push_back(&object);
        }
    }
    return found;
}

void Directory::set(const std::string& dn, const std::string& attribute, std::vector<std::string> values) {
    for (auto& object : objects_) {
        if (equal_names(object.dn, dn)) {
            std::erase_if(object.attributes, [&](const Value& a) { return equal_names(a.name, attribute); });
            if (!values.empty()) {
                object.attributes.push_back({attribute, std::move(values)});
            }
            return;
        }
    }
    throw std::runtime_error("no such object: " + dn);
}

std::vector<Value> select(const Object& object, const std::vector<std::string>& wanted, std::size_t most_values) {
    std::vector<Value> selected;
    for (const auto& name : wanted) {
        const auto range = keysyncd::ldap::parse_ranged_name(name);
        const std::string plain = range ? range->base : name;
        const std::size_t low = range ? range->low : 0;
        const Value* attribute = object.find(plain);
        if (attribute == nullptr || low >= attribute->values.size()) {
            continue;
        }
        const std::size_t left = attribute->values.size() - low;
        const bool cut = most_values != 0 && left > most_values;
        if (!range && !cut) {
            selected.push_back(*attribute);
            continue;
        }
        const std::size_t count = cut ? most_values : left;
        const auto first = attribute->values.begin() + static_cast<std::ptrdiff_t>(low);
        const std::string end = cut ? std::to_string(low + count - 1) : "*";
        if (!range) {
            selected.push_back({attribute->name, {}});  // as a domain controller does: the plain name, without values
        }
        selected.push_back({attribute->name + ";range=" + std::to_string(low) + "-" + end,
                            {first, first + static_cast<std::ptrdiff_t>(count)}});
    }
    return selected;
}

}  // namespace standin
