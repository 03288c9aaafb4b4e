#include "daemon/text/printable_text.hpp"

#include <doctest/doctest.h>

using keysyncd::daemon::json_string;
using keysyncd::daemon::printable;

TEST_CASE("readable text stays as it is") {
    for (const char* text :
         {"", "CN=Jane Doe", "J\xC3\xBCrgen", "\xE6\x97\xA5\xE6\x9C\xAC", "\xF0\x9F\x94\x91", "a\\b"}) {
        CHECK(printable(text) == text);
    }
    CHECK(json_string("J\xC3\xBCrgen") == "\"J\xC3\xBCrgen\"");
    CHECK(json_string(R"(a"b\c)") == R"("a\"b\\c")");
}

TEST_CASE("controls and what reorders a line are escaped") {
    CHECK(printable("a\tb\n\x1b[0m\x7f") == R"(a\x09b\x0a\x1b[0m\x7f)");
    CHECK(printable("\xC2\x9B\xE2\x80\xAE\xEF\xBB\xBF") == R"(\xc2\x9b\xe2\x80\xae\xef\xbb\xbf)");
    CHECK(json_string("a\n\x1b\xC2\x9B\xE2\x80\xAE\xE2\x81\xA6") == R"("a\u000a\u001b\u009b\u202e\u2066")");
}

TEST_CASE("bytes that are no UTF-8 are escaped one by one") {
    // Lone continuation, overlong, surrogate, beyond U+10FFFF, cut short.
    CHECK(printable("\x80") == R"(\x80)");
    CHECK(printable("\xC0\xAF") == R"(\xc0\xaf)");
    CHECK(printable("\xE0\x80\xAF") == R"(\xe0\x80\xaf)");
    CHECK(printable("\xED\xA0\x80") == R"(\xed\xa0\x80)");
    CHECK(printable("\xF4\x90\x80\x80") == R"(\xf4\x90\x80\x80)");
    CHECK(printable("\xF0\x9F\x94") == R"(\xf0\x9f\x94)");
    CHECK(json_string("a\xFF"
                      "b\xE2\x82") == R"("a\ufffdb\ufffd\ufffd")");
}
