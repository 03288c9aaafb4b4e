// A folder with the files that a configuration names, and what the loader says of a text in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/loader.hpp"
#include "tests/unit/config/temporary_folder.hpp"

namespace keysyncd::config::test {

class ConfigurationFolder {
  public:
    ConfigurationFolder() {
        folder.write("pw", "sesame\n");
        folder.write("secret", "sesame\n");
        folder.write("svc.keytab", "\x05\x02");
        folder.write("key.pem", "key");
        folder.write("cert.pem", "certificate", 0644);
        folder.write("ca.pem", "certificate", 0644);
        folder.write("empty", "", 0600);
        folder.write("open", "sesame\n", 0644);
        folder.write("group_writes", "sesame\n", 0660);
        folder.write("group_reads", "sesame\n", 0640);
    }

    [[nodiscard]] std::string file() const { return (folder.path() / "keysyncd.yaml").string(); }

    /// Each problem (or warning, where the text is sound) as one line, the file's name left out and the folder as DIR.
    [[nodiscard]] std::vector<std::string> told(std::string_view text) const {
        Problems problems;
        const auto settings = load_text(text, file(), &problems);
        if (!settings) {
            problems = settings.error();
        }
        return lines(problems);
    }

    [[nodiscard]] std::vector<std::string> lines(const Problems& problems) const {
        std::vector<std::string> out;
        for (const Problem& problem : problems) {
            std::string line = to_string(problem);
            if (problem.line > 0) {
                line = replace_all(line, file() + ":", "");
            }
            out.push_back(replace_all(line, folder.path().string(), "DIR"));
        }
        return out;
    }

    TemporaryFolder folder;
};

/// One sound domain; what a test adds comes behind it, on line 5.
inline const std::string sound_domain =
    "domains:\n"
    "  - name: corp.example.com\n"
    "    servers: [ldaps://dc1.corp.example.com]\n"
    "    bind: {method: simple, dn: svc@corp.example.com, password_file: pw}\n";

inline const std::string sound_entra =
    "entra:\n"
    "  tenant_id: 11111111-2222-3333-4444-555555555555\n"
    "  client_id: 99999999-8888-7777-6666-555555555555\n"
    "  credential: {secret_file: secret}\n";

/// One text, for a check that shows both sides where it fails.
inline std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) {
        out += (out.empty() ? "" : "\n") + line;
    }
    return out;
}

struct Case {
    const char* what;
    std::string text;
    std::vector<std::string> expected;
};

inline void check_cases(const std::vector<Case>& cases) {
    const ConfigurationFolder configuration;
    for (const Case& c : cases) {
        CAPTURE(c.what);
        CAPTURE(c.text);
        CHECK(joined(configuration.told(c.text)) == joined(c.expected));
    }
}

}  // namespace keysyncd::config::test
