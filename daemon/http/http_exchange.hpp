// Between Beast's messages and ours: a request as handlers see it, an answer as it goes out with the headers that every
// answer carries. Pure. Internal to the server: this header brings Beast with it.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <expected>
#include <string>

#include "daemon/http/http_message.hpp"

namespace keysyncd::daemon {

using BeastRequest = boost::beast::http::request<boost::beast::http::string_body>;
using BeastResponse = boost::beast::http::response<boost::beast::http::string_body>;

/// The error is the answer to a request that no handler should see.
[[nodiscard]] std::expected<HttpRequest, HttpResponse> to_request(BeastRequest&& message, std::string peer);

/// What a request that could not be parsed gets; std::nullopt: nothing, the connection is gone or was never used.
[[nodiscard]] std::optional<HttpResponse> answer_to_error(boost::beast::error_code error);

struct AnswerForm {
    bool gzip = false;
    bool keep_alive = false;
};

/// The body is kept for HEAD too: the caller sends the header alone.
[[nodiscard]] BeastResponse to_message(HttpResponse&& response, AnswerForm form,
                                       std::chrono::system_clock::time_point now);

}  // namespace keysyncd::daemon
