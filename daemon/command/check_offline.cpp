#include "daemon/command/check_offline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ostream>
#include <string>

#include "config/loader.hpp"
#include "config/web_settings.hpp"

namespace keysyncd::daemon {

namespace {

constexpr int exit_sound = 0;
constexpr int exit_configuration_wrong = 2;

std::string counted(std::ptrdiff_t count, std::string_view thing) {
    return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

void print(const config::Problems& problems, std::ostream& out) {
    for (const config::Problem& problem : problems) {
        out << config::to_string(problem) << '\n';
    }
}

/// "sound, 2 domains, 1 warning" and the like, behind the file's name.
int summarise(const std::string& file, const config::Problems& problems, const std::string& content,
              std::ostream& out) {
    print(problems, out);
    const auto errors = std::ranges::count(problems, config::Severity::error, &config::Problem::severity);
    const auto warnings = std::ssize(problems) - errors;
    const std::string warned = warnings == 0 ? "" : ", " + counted(warnings, "warning");
    if (errors != 0) {
        out << fmt::format("{}: not sound: {}{}\n", file, counted(errors, "error"), warned);
        return exit_configuration_wrong;
    }
    out << fmt::format("{}: sound: {}{}\n", file, content, warned);
    return exit_sound;
}

std::string describe(const config::Settings& settings) {
    std::string text = counted(std::ssize(settings.domains), "domain");
    if (!settings.entra) {
        return text + ", no Entra (keys that have not arrived yet can't be seen)";
    }
    return text + (settings.entra->uses_graph() ? ", Entra by Microsoft Graph" : ", Entra by exported audit logs only");
}

std::string describe(const config::WebSettings& web) {
    const bool verifies = web.tls && (web.tls->client_auth == config::ClientAuth::require_and_verify);
    std::string text = web.tls ? "TLS" : "plain HTTP";
    text += verifies ? " with client certificates" : "";
    return text + (web.basic_auth_users.empty()
                       ? std::string(", no passwords")
                       : ", " + counted(std::ssize(web.basic_auth_users), "user") + " with a password");
}

}  // namespace

int check_offline(const std::filesystem::path& config_file, std::ostream& out) {
    config::Problems problems;
    const auto settings = config::load(config_file, &problems);
    return settings ? summarise(config_file.string(), problems, describe(*settings), out)
                    : summarise(config_file.string(), settings.error(), "", out);
}

int check_offline(const std::filesystem::path& config_file, const std::filesystem::path& web_config_file,
                  std::ostream& out) {
    const int main_result = check_offline(config_file, out);
    if (web_config_file.empty()) {
        return main_result;
    }
    config::Problems problems;
    const auto web = config::load_web_settings(web_config_file, &problems);
    const int web_result = web ? summarise(web_config_file.string(), problems, describe(*web), out)
                               : summarise(web_config_file.string(), web.error(), "", out);
    return std::max(main_result, web_result);
}

}  // namespace keysyncd::daemon
