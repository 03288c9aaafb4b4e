#include "entra/record_splitter.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <vector>

namespace entra = keysyncd::entra;

namespace {

struct Split {
    std::vector<std::string> records;
    std::vector<std::string> malformed;
    entra::SplitPoint resume;
};

/// Everything found in `text`, fed in pieces of `piece` bytes.
Split split(std::string_view text, std::size_t piece, bool finish = true, entra::SplitPoint start = {},
            std::size_t largest = 1U << 20U) {
    Split found;
    entra::RecordSplitter splitter({[&](std::string_view record, std::uint64_t line) {
                                        found.records.push_back(fmt::format("{}:{}", line, record));
                                    },
                                    [&](std::uint64_t line, std::string_view reason) {
                                        found.malformed.push_back(fmt::format("{}:{}", line, reason));
                                    }},
                                   start, largest);
    for (std::size_t at = 0; at < text.size(); at += piece) {
        splitter.feed(text.substr(at, piece));
    }
    found.resume = splitter.resume_at();
    if (finish) {
        splitter.finish();
    }
    return found;
}

using Lines = std::vector<std::string>;

void check(std::string_view text, const Lines& records, const Lines& malformed = {}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{4096}}) {
        CAPTURE(text);
        CAPTURE(piece);
        const Split found = split(text, piece);
        CHECK(found.records == records);
        CHECK(found.malformed == malformed);
    }
}

}  // namespace

TEST_CASE("records: one a line, with and without an end of the last line") {
    check("{\"a\":1}\n{\"b\":[{\"c\":\"}\"}]}\r\n\n{}", {"1:{\"a\":1}", "2:{\"b\":[{\"c\":\"}\"}]}", "4:{}"});
    check("\xEF\xBB\xBF{\"a\":1}\n", {"1:{\"a\":1}"});
    check("", {});
    check(" \n\n", {});
}

TEST_CASE("records: lists, wrappers, and these a line or in a list") {
    check(R"([{"a":1},{"b":2}])", {R"(1:{"a":1})", R"(1:{"b":2})"});
    check("[\n  {\n \"a\": 1\n  },\n  {\"b\":2}\n]\n", {"2:{\n \"a\": 1\n  }", "5:{\"b\":2}"});
    check(R"({"records":[{"a":1},{"b":2}]})", {R"(1:{"a":1})", R"(1:{"b":2})"});
    check("{\"records\":[{\"a\":1}]}\n{\"records\" : [ ]}\n{\"records\":[{\"b\":2}]}",
          {R"(1:{"a":1})", R"(3:{"b":2})"});
    check(R"({"@odata.context":"x[","n":{"value":[1]},"value":[{"a":1}],"@odata.nextLink":"]}"} {"b":2})",
          {R"(1:{"a":1})", R"(1:{"b":2})"});
    check(R"([{"records":[{"a":1}]},{"b":2}])", {R"(1:{"a":1})", R"(1:{"b":2})"});
    check(R"({"value":"text"}{"value":{"x":[1]}})", {R"(1:{"value":"text"})", R"(1:{"value":{"x":[1]}})"});
    check("{\n  \"a\": {\n    \"b\": [\n      {\"c\": 1}\n    ]\n  }\n}\n",
          {"1:{\n  \"a\": {\n    \"b\": [\n      {\"c\": 1}\n    ]\n  }\n}"});
}

TEST_CASE("records: text may hold anything") {
    check(R"({"a":"\"}]{[","b":"\\"}{"c":1})", {R"(1:{"a":"\"}]{[","b":"\\"})", R"(1:{"c":1})"});
}

TEST_CASE("records: what is broken costs itself, and is told with its line") {
    check("{\"a\":1}\n{\"b\":\"cut\n{\"c\":3}\n", {"1:{\"a\":1}", "3:{\"c\":3}"},
          {"2:a line ends inside a text: the record is cut off"});
    check("{\"a\":{\"b\":1}\n{\"c\":3}\n", {"2:{\"c\":3}"}, {"1:the record is cut off"});
    check("nonsense {\"a\":1}\n{\"b\":2}\n", {"2:{\"b\":2}"}, {"1:expected a JSON object"});
    check("}\n{\"b\":2}\n", {"2:{\"b\":2}"}, {"1:expected a JSON object"});
    check("{\"records\":[{\"a\":1},{\"b\":\"cu\n{\"records\":[{\"c\":3}]}\n{\"d\":4}\n",
          {"1:{\"a\":1}", "2:{\"c\":3}", "3:{\"d\":4}"}, {"1:a line ends inside a text: the record is cut off"});
    check("{\"a\":1", {}, {"1:the file ends inside a record"});
    check("[{\"a\":1},\n", {"1:{\"a\":1}"}, {"2:the file ends inside a list"});
}

TEST_CASE("records: what is no record in a list costs itself alone") {
    const Lines around{R"(1:{"a":1})", R"(1:{"b":2})"};
    for (const std::string_view odd : {"null", "17", "\"text, with ] and \\\" in it\"", "[1,[{\"x\":2}],3]", "true "}) {
        CAPTURE(odd);
        check(fmt::format(R"({{"records":[{{"a":1}},{},{{"b":2}}]}})", odd), around, {"1:expected a JSON object"});
        check(fmt::format(R"([{{"a":1}},{},{{"b":2}}])", odd), around, {"1:expected a JSON object"});
        check(fmt::format(R"([{{"a":1}},{{"b":2}},{}])", odd), around, {"1:expected a JSON object"});
    }
    check("[null,null,{\"a\":1}]", {R"(1:{"a":1})"}, {"1:expected a JSON object", "1:expected a JSON object"});
    check("[{\"a\":1},\"cut o\n{\"b\":2}]", {R"(1:{"a":1})", R"(2:{"b":2})"}, {"1:expected a JSON object"});
    check("[{\"a\":1},nul", {R"(1:{"a":1})"}, {"1:expected a JSON object", "1:the file ends inside a list"});
    check("[{\"a\":1}}\n{\"b\":2}]", {R"(1:{"a":1})", R"(2:{"b":2})"}, {"1:expected a JSON object"});
}

TEST_CASE("records: one that is too large is skipped to its end, and told once") {
    const std::string large = R"({"a":[{"b":"}"}],"c":")" + std::string(200, 'x') + R"("})";
    const Lines too_large{"1:a record is larger than this reader takes"};
    for (const std::size_t piece : {std::size_t{1}, std::size_t{16}, std::size_t{4096}}) {
        CAPTURE(piece);
        const Split line = split(large + "\n{\"b\":1}\n", piece, true, {}, 100);
        CHECK(line.records == Lines{"2:{\"b\":1}"});
        CHECK(line.malformed == too_large);
        const Split list = split(R"({"records":[{"a":1},)" + large + R"(,{"b":2}]})", piece, true, {}, 100);
        CHECK(list.records == Lines{R"(1:{"a":1})", R"(1:{"b":2})"});
        CHECK(list.malformed == too_large);
        const Split cut = split(large.substr(0, 150) + "\n{\"b\":1}\n", piece, true, {}, 100);
        CHECK(cut.records == Lines{"2:{\"b\":1}"});
        CHECK(cut.malformed == Lines{"1:a line ends inside a text: the record is cut off"});
    }
}

TEST_CASE("records: reading that stops inside of what is skipped tells it once, and takes nothing of it for records") {
    const std::string large = R"({"a":[{"b":1},{"b":2}],"c":[)" + std::string(100, ' ') + R"({"b":3}]})";
    const std::string text = "[{\"a\":1},[{\"x\":1}]," + large + ",{\"z\":1}]\n";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        CAPTURE(cut);
        Split first = split(std::string_view{text}.substr(0, cut), 5, false, {}, 50);
        const Split second = split(std::string_view{text}.substr(first.resume.offset), 3, true, first.resume, 50);
        first.records.insert(first.records.end(), second.records.begin(), second.records.end());
        first.malformed.insert(first.malformed.end(), second.malformed.begin(), second.malformed.end());
        CHECK(first.records == Lines{R"(1:{"a":1})", R"(1:{"z":1})"});
        CHECK(first.malformed == Lines{"1:expected a JSON object", "1:a record is larger than this reader takes"});
    }
}

TEST_CASE("records: reading can stop after any byte and go on where it stopped") {
    const std::string text =
        "{\"a\":1}\n[{\"b\":2},{\"records\":[{\"c\":3},\n{\"d\":4}],\"x\":[1]},{\"e\":5}]\n{\"f\":{\"g\":6}}\n";
    const Split whole = split(text, text.size());
    REQUIRE(whole.records.size() == 6);
    REQUIRE(whole.malformed.empty());
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        CAPTURE(cut);
        Split first = split(std::string_view{text}.substr(0, cut), 5, false);
        CHECK(first.resume.offset <= cut);
        const Split second = split(std::string_view{text}.substr(first.resume.offset), 3, true, first.resume);
        first.records.insert(first.records.end(), second.records.begin(), second.records.end());
        CHECK(first.records == whole.records);
        CHECK(second.malformed.empty());
    }
}
