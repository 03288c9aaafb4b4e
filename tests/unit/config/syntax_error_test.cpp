// What is wrong with the file as such: YAML's syntax, and what we refuse beyond it.
#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "tests/unit/config/configuration_fixture.hpp"

using namespace keysyncd::config;
using namespace keysyncd::config::test;

namespace {

std::string repeated(const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

}  // namespace

TEST_CASE("faults of the YAML syntax are told with line and column") {
    check_cases({
        {"list not closed", "domains: [1, 2\nledger: 3\n", {"2:7: error: YAML syntax: a [ is not closed by a ]"}},
        {"tab", "domains:\n\t- name: x\n", {"2:2: error: YAML syntax: a tab must not indent: use spaces"}},
        {"two colons",
         "a: b: c\n",
         {"1:5: error: YAML syntax: a key must not stand here: mind the indentation, and put a value that holds \": \" "
          "in quotation marks"}},
        {"item outside of its list",
         "a: 1\n- b\n",
         {"2:1: error: YAML syntax: expected a key as indented as those before it"}},
        {"key behind a list",
         "a:\n  - b\n  c: 1\n",
         {"3:3: error: YAML syntax: expected a key as indented as those before it"}},
        {"key beside a list",
         "- a\nb: 1\n",
         {"2:1: error: YAML syntax: what came before is whole, and this does not belong to it: mind the indentation"}},
        {"item behind a value",
         "a: b - c\nd: - e\n",
         {"2:4: error: YAML syntax: a list's item must not stand here: mind the indentation"}},
        {"mapping not closed", "a: {b: 1\n", {"2:1: error: YAML syntax: a { is not closed by a }"}},
        {"variable without quotation marks",
         "a: {password_file: ${CREDENTIALS_DIRECTORY}/x}\n",
         {"1:21: error: YAML syntax: a { is not closed by a }: a value with ${...} inside of {...} needs quotation "
          "marks"}},
        {"quote never closed",
         "ledger:\n  path: \"/var/lib\n",
         {"2:9: error: YAML syntax: the quotation mark that opens here is never closed"}},
        {"unknown alias", "a: 1\nb: *nobody\n", {"2:4: error: YAML syntax: the referenced anchor is not defined"}},
        {"alias inside itself",
         "a: &x [*x]\n",
         {"1:8: error: YAML syntax: an alias must not stand inside the value that it names"}},
        {"two documents",
         "a: 1\n---\nb: 2\n",
         {"2:1: error: YAML syntax: expected one YAML document, found a second one: remove the --- line"}},
        {"tag",
         "a: !!binary aGk=\n",
         {"1:4: error: YAML syntax: the YAML tag \"tag:yaml.org,2002:binary\" is not supported: remove it"}},
        {"merge key",
         "a: &x {b: 1}\nc:\n  <<: *x\n",
         {"3:3: error: YAML syntax: merge keys (<<) are not supported: write the keys out, or use an alias as a "
          "value"}},
        {"key that is a list",
         "? [a, b]\n: c\n",
         {"1:3: error: YAML syntax: expected a key, found a list or a mapping"}},
        {"key that is empty", "{: c}\n", {"1:2: error: YAML syntax: expected a key, found nothing"}},
        {"not UTF-8", "a: 1\nb: \xff\xfe\n", {"2:4: error: expected UTF-8 text, found byte 0xff"}},
        {"UTF-16", std::string("a\0:\0", 4), {"1:2: error: expected UTF-8 text, found byte 0x00"}},
        {"overlong UTF-8", "a: \xc0\xaf\n", {"1:4: error: expected UTF-8 text, found byte 0xc0"}},
        {"surrogate in UTF-8", "a: \xed\xa0\x80\n", {"1:4: error: expected UTF-8 text, found byte 0xed"}},
        {"UTF-8 cut off", "a: \xe2\x82", {"1:4: error: expected UTF-8 text, found byte 0xe2"}},
        {"escape character", "a: \x1b[2J\n", {"1:4: error: expected UTF-8 text, found byte 0x1b"}},
        {"nested too deeply",
         repeated("[", 40) + repeated("]", 40),
         {"1:33: error: YAML syntax: values are nested deeper than 32 levels"}},
    });
}

TEST_CASE("a few aliases can't grow a file into a huge tree") {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i <= 8; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        bomb +=
            "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeated(before + ", ", 9) + before + "]\n";
    }
    check_cases({{"billion laughs", bomb, {"5:55: error: YAML syntax: aliases grow the file beyond 100000 values"}}});
}

TEST_CASE("repeated keys are told where they stand again, and the rest of the file is still read") {
    check_cases({
        {"at the top",
         sound_domain + "domains: []\n",
         {"5:1: error: domains: the key stands twice, first on line 1: remove one"}},
        {"in a list",
         sound_domain + "  - name: a.example.com\n    discover: true\n    bind:\n      method: simple\n"
                        "      dn: x\n      method: gssapi\n      password_file: pw\n    nmae: x\n",
         {"10:7: error: domains[1].bind.method: the key stands twice, first on line 8: remove one",
          "12:5: error: domains[1].nmae: the key is not known: did you mean name?"}},
    });
}

TEST_CASE("aliases may stand for values") {
    const ConfigurationFolder configuration;
    const auto settings = load_text(
        "domains:\n"
        "  - {name: a.example.com, discover: true, bind: &bind {method: simple, dn: x, password_file: pw}}\n"
        "  - {name: b.example.com, discover: true, bind: *bind}\n",
        configuration.file());
    REQUIRE(settings.has_value());
    CHECK(settings->domains.at(1).bind == settings->domains.at(0).bind);
}

TEST_CASE("what does not show, or turns text around, is told by its number") {
    check_cases({
        {"right to left",
         sound_domain + "sy\u202enc: 1\n",
         {"5:1: error: sy\\u202enc: the key is not known; known here: domains, entra, ledger, privacy, sync"}},
        {"no width",
         sound_domain + "privacy: {user_names: fu\u200bll}\n",
         {"5:23: error: privacy.user_names: expected one of full, hashed, found \"fu\\u200bll\""}},
        {"accents and symbols stay",
         sound_domain + "clé€: 1\n",
         {"5:1: error: clé€: the key is not known; known here: domains, entra, ledger, privacy, sync"}},
    });
}

TEST_CASE("an empty file and one that holds something else are told what to hold") {
    check_cases({
        {"empty", "", {"DIR/keysyncd.yaml: error: expected keys and values, found nothing"}},
        {"a word", "hello\n", {"1:1: error: expected keys and values, found text"}},
        {"a list", "- a\n", {"1:1: error: expected keys and values, found a list"}},
    });
}

TEST_CASE("a file that can't be read is told with the system's reason") {
    const ConfigurationFolder configuration;
    const auto problems_of = [&](const std::filesystem::path& file) {
        const auto settings = load(file);
        REQUIRE_FALSE(settings.has_value());
        return configuration.lines(settings.error());
    };
    CHECK(joined(problems_of(configuration.folder.path() / "missing.yaml")) ==
          "DIR/missing.yaml: error: cannot open the configuration file: No such file or directory");
    CHECK(joined(problems_of(configuration.folder.path())) ==
          "DIR: error: cannot read the configuration file: Is a directory");
    const auto large = configuration.folder.write("large.yaml", std::string(1024 * 1024 + 1, '#'));
    CHECK(joined(problems_of(large)) ==
          "DIR/large.yaml: error: the file is larger than 1 MiB: this is "
          "not a configuration of keysyncd");
}
