#include "daemon/http/http_exchange.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/fields.hpp>

#include "daemon/http/http_encoding.hpp"
#include "daemon/http/http_target.hpp"

using namespace keysyncd::daemon;
using namespace std::chrono_literals;
namespace http = boost::beast::http;

namespace {

constexpr std::chrono::sys_seconds some_day{1763900000s};  // Sun, 23 Nov 2025 12:13:20 GMT

BeastRequest message(std::string_view target, unsigned version = 11) {
    BeastRequest request{http::verb::get, target, version};
    request.set(http::field::host, "localhost");
    return request;
}

std::string gunzip(const std::string& packed) {
    std::string text(1'000'000, '\0');
    z_stream stream{};
    REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
    std::string input = packed;
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
    text.resize(stream.total_out);
    inflateEnd(&stream);
    return text;
}

}  // namespace

TEST_CASE("gzip is used only where the client takes it") {
    for (const char* yes : {"gzip", "deflate, gzip;q=0.5", "GZIP", "*", "br;q=1.0, *;q=0.1", " gzip ; q=1"}) {
        CAPTURE(yes);
        CHECK(accepts_gzip(yes));
    }
    for (const char* no : {"", "identity", "gzip;q=0", "gzip;q=0.000, *", "*;q=0", "x-gzip2", "gzipped", ",;,"}) {
        CAPTURE(no);
        CHECK_FALSE(accepts_gzip(no));
    }
}

TEST_CASE("gzip gives back what went in") {
    std::string text;
    for (int i = 0; i < 5000; ++i) {
        text += "keysync_keys{domain=\"corp\"} " + std::to_string(i) + '\n';
    }
    const std::string packed = gzip(text);
    CHECK(packed.size() < text.size() / 4);
    CHECK(gunzip(packed) == text);
    CHECK(gunzip(gzip("")).empty());
}

TEST_CASE("targets are decoded; what is no target is refused") {
    const auto target = parse_http_target("/api/v1/users/ada%40corp%2Fx?state=overdue&q=a+b%26c&empty=&flag");
    REQUIRE(target);
    CHECK(target->path == "/api/v1/users/ada@corp/x");
    CHECK(target->query == std::vector<std::pair<std::string, std::string>>{
                               {"state", "overdue"}, {"q", "a b&c"}, {"empty", ""}, {"flag", ""}});
    CHECK(parse_http_target("http://host:1/metrics")->path == "/metrics");
    CHECK(parse_http_target("http://host")->path == "/");
    for (const char* bad : {"", "*", "metrics", "/a b", "/%zz", "/%", "/#x", "ftp://host/x", "/\x01", "/\xff"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_http_target(bad));
    }
}

TEST_CASE("a request must have exactly one Host and a version that we speak") {
    CHECK(to_request(message("/"), "peer")->path == "/");
    BeastRequest none = message("/");
    none.erase(http::field::host);
    CHECK(to_request(std::move(none), "peer").error().status == 400);
    BeastRequest two = message("/");
    two.insert(http::field::host, "other");
    CHECK(to_request(std::move(two), "peer").error().status == 400);
    BeastRequest old = message("/", 10);
    old.erase(http::field::host);
    CHECK(to_request(std::move(old), "peer"));
    CHECK(to_request(message("/", 20), "peer").error().status == 505);
    CHECK(to_request(message("nonsense"), "peer").error().status == 400);
}

TEST_CASE("header names reach handlers in lower case") {
    BeastRequest request = message("/");
    request.set("X-Some-Thing", "Value");
    const auto seen = to_request(std::move(request), "peer");
    REQUIRE(seen);
    CHECK(seen->header("x-some-thing") == "Value");
    CHECK(seen->header("x-other").empty());
}

TEST_CASE("errors of the parser are answered, errors of the connection are not") {
    CHECK(answer_to_error(http::error::header_limit)->status == 431);
    CHECK(answer_to_error(http::error::body_limit)->status == 413);
    CHECK(answer_to_error(http::error::bad_method)->status == 400);
    CHECK(answer_to_error(http::error::bad_content_length)->status == 400);
    CHECK_FALSE(answer_to_error(http::error::end_of_stream));
    CHECK_FALSE(answer_to_error(http::error::partial_message));
    CHECK_FALSE(answer_to_error(boost::asio::error::connection_reset));
}

TEST_CASE("every answer carries the security headers, a date and its length") {
    const auto answer = to_message(HttpResponse::text(200, "x"), {.keep_alive = true}, some_day);
    CHECK(answer[http::field::date] == "Sun, 23 Nov 2025 12:13:20 GMT");
    CHECK(answer[http::field::content_length] == "2");
    CHECK(answer["X-Content-Type-Options"] == "nosniff");
    CHECK(answer["Referrer-Policy"] == "no-referrer");
    CHECK(answer["Content-Security-Policy"].starts_with("default-src 'none'"));
    CHECK(answer[http::field::cache_control] == "no-store");
    CHECK(answer.keep_alive());
}

TEST_CASE("a handler's own headers replace the common ones") {
    HttpResponse page;
    page.headers = {{"Content-Security-Policy", "default-src 'self'"}};
    const auto answer = to_message(std::move(page), {}, some_day);
    CHECK(answer["Content-Security-Policy"] == "default-src 'self'");
    CHECK_FALSE(answer.keep_alive());
}

TEST_CASE("large answers are compressed for those who take it, small ones never") {
    HttpResponse large;
    large.body.assign(50'000, 'x');
    const auto packed = to_message(HttpResponse(large), {.gzip = true}, some_day);
    CHECK(packed[http::field::content_encoding] == "gzip");
    CHECK(packed[http::field::vary] == "Accept-Encoding");
    CHECK(gunzip(packed.body()) == large.body);
    const auto plain = to_message(HttpResponse(large), {}, some_day);
    CHECK(plain[http::field::vary] == "Accept-Encoding");
    CHECK(plain.body() == large.body);
    CHECK(to_message(HttpResponse::text(200, "x"), {.gzip = true}, some_day)[http::field::content_encoding].empty());
}
