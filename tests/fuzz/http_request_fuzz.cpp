// A request as bytes off the wire, through the same parser, limits and router as the web server's.
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "daemon/http/http_address.hpp"
#include "daemon/http/http_auth.hpp"
#include "daemon/http/http_encoding.hpp"
#include "daemon/http/http_exchange.hpp"
#include "daemon/http/http_limits.hpp"
#include "daemon/http/http_router.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace keysyncd;
using keysyncd::fuzz::require;
namespace http = boost::beast::http;

namespace {

daemon::HttpRouter make_router() {
    daemon::HttpRouter router;
    for (const char* path : {"/", "/metrics", "/api/v1/keys", "/api/v1/users/"}) {
        router.get(path, [](const daemon::HttpRequest& request) {
            return daemon::HttpResponse::text(200, std::string{request.parameter("limit").value_or(request.path)});
        });
    }
    router.post_async("/-/reload", [](daemon::HttpRequest, const daemon::HttpReply& reply) { reply({}); });
    return router;
}

void handle(http::request<http::string_body>&& message) {
    static const daemon::HttpRouter router = make_router();
    static_cast<void>(daemon::accepts_gzip(message[http::field::accept_encoding]));
    static_cast<void>(daemon::parse_basic(message[http::field::authorization]));
    auto request = daemon::to_request(std::move(message), "127.0.0.1:1");
    if (!request) {
        require(request.error().status >= 400, "a refusal has its status");
        return;
    }
    int answers = 0;
    router.handle(*std::move(request), [&answers](const daemon::HttpResponse& response) {
        require(response.status >= 200 && response.status < 600, "an answer has a status");
        ++answers;
    });
    require(answers == 1, "a request has one answer");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const daemon::HttpLimits limits;
    http::request_parser<http::string_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    parser.body_limit(limits.body_bytes);
    parser.eager(true);
    boost::system::error_code error;
    parser.put(boost::asio::buffer(data, size), error);
    if (!error && parser.is_done()) {
        handle(parser.release());
    }
    const auto text = fuzz::text_of(data, size);
    static_cast<void>(daemon::parse_basic(text));
    if (const auto address = daemon::parse_http_address(text)) {
        require(daemon::parse_http_address(daemon::to_string(*address)) == *address, "an address reads the same again");
    }
    return 0;
}
