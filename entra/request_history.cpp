#include "entra/request_history.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "entra/json_access.hpp"

namespace keysyncd::entra {
namespace {

// Retry-After is at most a day here, and a second of chance on top; a request ends by its deadline.
constexpr std::chrono::hours longest_silence{25};
constexpr std::chrono::minutes longest_request{10};

std::int64_t ticks(Steady at) {
    return std::chrono::nanoseconds{at.time_since_epoch()}.count();
}

std::optional<Steady> time_of(const boost::json::value& value) {
    const std::int64_t* const number = value.if_int64();
    return number == nullptr ? std::nullopt : std::optional{Steady{std::chrono::nanoseconds{*number}}};
}

Steady time_member(const boost::json::object& object, std::string_view name, Steady last) {
    const boost::json::value* const value = object.if_contains(name);
    const auto time = value == nullptr ? std::nullopt : time_of(*value);
    return time && *time <= last ? *time : Steady::min();
}

}  // namespace

std::string serialize(const RequestHistory& history, const HistoryOwner& owner) {
    boost::json::array counted;
    for (const Steady at : history.counted) {
        counted.emplace_back(ticks(at));
    }
    return boost::json::serialize(boost::json::object{{"application", owner.application},
                                                      {"boot", owner.boot},
                                                      {"counted", std::move(counted)},
                                                      {"not_before", ticks(history.not_before)},
                                                      {"silenced_until", ticks(history.silenced_until)}});
}

std::optional<RequestHistory> parse_request_history(std::string_view text, const HistoryOwner& owner, Steady now) {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(text, failed);
    const boost::json::object* const object = failed ? nullptr : document.if_object();
    if (object == nullptr || string_member(*object, "application") != owner.application ||
        string_member(*object, "boot") != owner.boot) {
        return std::nullopt;
    }
    const boost::json::value* const counted = object->if_contains("counted");
    if (counted == nullptr || !counted->is_array()) {
        return std::nullopt;
    }
    RequestHistory history;
    for (const boost::json::value& value : counted->get_array()) {
        const auto at = time_of(value);
        if (at && *at <= now + longest_request) {
            history.counted.push_back(*at);
        }
    }
    std::ranges::sort(history.counted);
    history.not_before = time_member(*object, "not_before", now + longest_silence);
    history.silenced_until = time_member(*object, "silenced_until", now + longest_silence);
    return history;
}

RequestHistory joined(const RequestHistory& one, const RequestHistory& other) {
    RequestHistory both;
    std::ranges::set_union(one.counted, other.counted, std::back_inserter(both.counted));
    both.not_before = std::max(one.not_before, other.not_before);
    both.silenced_until = std::max(one.silenced_until, other.silenced_until);
    return both;
}

}  // namespace keysyncd::entra
