#include "entra/batch.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>

#include "entra/http_client.hpp"
#include "entra/json_access.hpp"

namespace keysyncd::entra {
namespace {

std::string retry_after_of(const boost::json::object& response) {
    const boost::json::object* headers = object_member(response, "headers");
    if (headers != nullptr) {
        for (const auto& [name, value] : *headers) {
            if (equal_ignoring_case({name.data(), name.size()}, "Retry-After") && value.is_string()) {
                return std::string{value.get_string()};
            }
        }
    }
    return {};
}

}  // namespace

std::string batch_body(std::span<const std::string> paths) {
    boost::json::array requests;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        requests.push_back({{"id", fmt::to_string(i)}, {"method", "GET"}, {"url", paths[i]}});
    }
    return boost::json::serialize(boost::json::object{{"requests", std::move(requests)}});
}

std::expected<std::vector<BatchPart>, std::string> read_batch(std::string_view body, std::size_t count) {
    boost::system::error_code failed;
    const boost::json::value document = boost::json::parse(body, failed);
    const boost::json::object* answer = failed ? nullptr : document.if_object();
    const boost::json::array* responses = answer == nullptr ? nullptr : array_member(*answer, "responses");
    if (responses == nullptr) {
        return std::unexpected(failed ? fmt::format("no JSON: {}", failed.message()) : "no array `responses`");
    }
    std::vector<BatchPart> parts(count);
    for (const boost::json::value& item : *responses) {
        const boost::json::object* response = item.if_object();
        const std::string_view id = response == nullptr ? std::string_view{} : string_member(*response, "id");
        std::size_t index = 0;
        const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), index);
        if (error != std::errc{} || end != id.data() + id.size() || index >= count) {
            return std::unexpected("a response with an id that was not asked for");
        }
        const boost::json::value* status = response->if_contains("status");
        if (status == nullptr || !status->is_int64()) {
            return std::unexpected("a response without a status");
        }
        parts[index].status =
            static_cast<int>(std::min<std::int64_t>(std::max<std::int64_t>(status->get_int64(), 0), 999));
        parts[index].retry_after = retry_after_of(*response);
        if (const boost::json::value* inner = response->if_contains("body")) {
            parts[index].body = boost::json::serialize(*inner);
        }
    }
    return parts;
}

}  // namespace keysyncd::entra
