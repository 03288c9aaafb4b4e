#include "daemon/api/api_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/text/hashed_name.hpp"
#include "daemon/text/printable_text.hpp"
#include "daemon/view/view_json.hpp"

namespace keysyncd::daemon {
namespace {

namespace json = boost::json;

/// Bytes that are no UTF-8 become U+FFFD: Boost.JSON would write them as they are.
std::string valid_text(const std::string& text) {
    return std::string(json::parse(json_string(text)).as_string());
}

}  // namespace

UserName shown_name(const UserName& user, NameForm names) {
    if (names == NameForm::hashed) {
        const auto hashed = [](const std::string& name) { return name.empty() ? std::string{} : hashed_name(name); };
        UserName shown;
        shown.domain = user.domain;
        shown.user_principal_name = hashed(user.user_principal_name);
        shown.sam_account_name = hashed(user.sam_account_name);
        return shown;
    }
    UserName shown = user;
    for (std::string* text : {&shown.dn, &shown.user_principal_name, &shown.sam_account_name, &shown.entra_id}) {
        *text = valid_text(*text);
    }
    return shown;
}

std::string to_json_text(const KeyPage& page, NameForm names) {
    json::array keys;
    for (KeyView key : page.keys) {
        key.user = shown_name(key.user, names);
        keys.push_back(to_json(key));
    }
    const json::value next = page.next_cursor.empty() ? json::value(nullptr) : json::value(page.next_cursor);
    return json::serialize(json::object{{"keys", std::move(keys)}, {"next_cursor", next}});
}

std::string to_json_text(std::span<const UserView> users, NameForm names) {
    json::array all;
    for (UserView user : users) {
        user.user = shown_name(user.user, names);
        for (KeyView& key : user.keys) {
            for (UserName& other : key.shared_with) {
                other = shown_name(other, names);
            }
        }
        all.push_back(to_json(user));
    }
    return json::serialize(json::object{{"users", std::move(all)}});
}

std::string to_json_text(std::span<const CycleView> cycles) {
    json::array all;
    for (const CycleView& cycle : cycles) {
        all.push_back(to_json(cycle));
    }
    return json::serialize(json::object{{"cycles", std::move(all)}});
}

std::string error_json(std::string_view message) {
    return json::serialize(json::object{{"error", message}});
}

}  // namespace keysyncd::daemon
