#include "config/secret_file.hpp"

#include <doctest/doctest.h>

#include <type_traits>
#include <utility>

#include "tests/unit/config/temporary_folder.hpp"

using namespace keysyncd::config;
using namespace keysyncd::config::test;

static_assert(!std::is_copy_constructible_v<Secret>, "a copy would be one more place to wipe");

TEST_CASE("a secret is the file without one line end") {
    const TemporaryFolder folder;
    const auto read = [&](std::string_view contents) {
        auto secret = read_secret_file(folder.write("secret", contents));
        return secret ? std::string(secret->expose())
                      : "error: " + replace_all(secret.error(), folder.path().string(), "DIR");
    };
    CHECK(read("sesame") == "sesame");
    CHECK(read("sesame\n") == "sesame");
    CHECK(read("sesame\r\n") == "sesame");
    CHECK(read("sesame\n\n") == "sesame\n");
    CHECK(read(" se same ") == " se same ");
    CHECK(read(std::string_view("a\0b", 3)) == std::string("a\0b", 3));
    CHECK(read("") == "error: DIR/secret is empty: write the secret into it");
    CHECK(read("\n") == "error: DIR/secret is empty: write the secret into it");
    CHECK(read(std::string(65536, 'x') + "\n") == std::string(65536, 'x'));
    CHECK(read(std::string(65537, 'x')) == "error: DIR/secret is longer than 64 KiB: this is not a secret");
    CHECK(read(std::string(200000, 'x')) == "error: DIR/secret is longer than 64 KiB: this is not a secret");
}

TEST_CASE("a file that can't be read is told with the system's reason") {
    const TemporaryFolder folder;
    CHECK(read_secret_file(folder.path() / "none").error() ==
          "cannot open " + (folder.path() / "none").string() + ": No such file or directory");
    CHECK(read_secret_file(folder.path()).error() == "cannot read " + folder.path().string() + ": Is a directory");
}

TEST_CASE("a moved secret leaves nothing behind") {
    for (const std::string& text : {std::string("short"), std::string(100, 'x')}) {
        Secret first{text};
        const char* const bytes = first.expose().data();
        const Secret second = std::move(first);
        CHECK(second.expose() == text);
        CHECK(first.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
        if (bytes != second.expose().data()) {
            CHECK(std::string_view(bytes, text.size()) == std::string(text.size(), '\0'));
        }
    }
}
