#include "entra/json_access.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace keysyncd::entra {

std::string_view string_member(const boost::json::object& object, std::string_view name) noexcept {
    const boost::json::value* value = object.if_contains(name);
    const boost::json::string* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string_view{} : std::string_view{text->data(), text->size()};
}

const boost::json::object* object_member(const boost::json::object& object, std::string_view name) noexcept {
    const boost::json::value* value = object.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
}

const boost::json::array* array_member(const boost::json::object& object, std::string_view name) noexcept {
    const boost::json::value* value = object.if_contains(name);
    return value == nullptr ? nullptr : value->if_array();
}

std::optional<bool> bool_member(const boost::json::object& object, std::string_view name) noexcept {
    const boost::json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_bool()) {
        return std::nullopt;
    }
    return value->get_bool();
}

}  // namespace keysyncd::entra
