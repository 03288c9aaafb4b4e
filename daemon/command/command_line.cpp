#include "daemon/command/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "config/duration.hpp"
#include "config/loader.hpp"
#include "daemon/command/check_offline.hpp"
#include "daemon/command/check_online.hpp"
#include "daemon/command/explain_command.hpp"
#include "daemon/command/report_command.hpp"
#include "daemon/command/run_command.hpp"
#include "daemon/decode/decode_command.hpp"
#include "daemon/process/clock.hpp"
#include "daemon/process/version.hpp"

namespace keysyncd::daemon {
namespace {

constexpr int usage_error = 2;

constexpr const char* exit_codes =
    "Exit codes:\n"
    "  0  done, and all is well\n"
    "  1  it ran, and something is wrong: a failed check, a source that cannot be reached, a value that does not "
    "decode\n"
    "  2  the command line or the configuration is wrong";

const std::map<std::string, LogLevel> log_levels{
    {"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warn", LogLevel::warn}, {"error", LogLevel::error}};
const std::map<std::string, LogFormat> log_formats{{"logfmt", LogFormat::logfmt}, {"json", LogFormat::json}};
const std::map<std::string, DecodeFormat> decode_formats{{"text", DecodeFormat::text}, {"json", DecodeFormat::json}};

const std::map<std::string, ReportFormat> report_formats{
    {"table", ReportFormat::table}, {"json", ReportFormat::json}, {"csv", ReportFormat::csv}};
const std::map<std::string, ExplainFormat> explain_formats{{"text", ExplainFormat::text},
                                                           {"json", ExplainFormat::json}};

template <typename Enumeration>
CLI::Validator one_of(const std::map<std::string, Enumeration>& names, const std::string& shown) {
    return CLI::CheckedTransformer(names).description(shown);
}

struct CommandLine {
    CLI::App app{"Measures how long Windows Hello for Business keys wait for Entra Connect.", "keysyncd"};
    RunOptions run;
    std::filesystem::path check_file;
    std::filesystem::path check_web_file;
    bool online = false;
    std::filesystem::path config_file;
    std::string since = "30d";
    ReportFormat report_format = ReportFormat::table;
    std::string user;
    ExplainFormat explain_format = ExplainFormat::text;
    std::string value = "-";
    DecodeFormat decode_format = DecodeFormat::text;
    std::function<int()> chosen;

    CommandLine() {
        app.require_subcommand(1);
        app.fallthrough(false);
        app.footer(exit_codes);
        add_run();
        add_check();
        add_report();
        add_explain();
        add_decode();
        add_version();
        for (CLI::App* command : app.get_subcommands({})) {
            command->footer(exit_codes);
        }
    }

    int check() const {
        const int code = check_offline(check_file, check_web_file, std::cout);
        if (code != 0 || !online) {
            return code;
        }
        return with_settings(
            check_file, [](const config::Settings& settings) { return check_online(settings, std::cout, system_now); });
    }

    // What the one-shot commands need: the settings, or exit code 2 and every problem.
    template <typename Command>
    static int with_settings(const std::filesystem::path& file, const Command& command) {
        std::signal(SIGPIPE, SIG_IGN);
        const auto settings = config::load(file);
        if (!settings) {
            for (const config::Problem& problem : settings.error()) {
                std::cerr << to_string(problem) << '\n';
            }
            return usage_error;
        }
        return command(*settings);
    }

    void add_report() {
        CLI::App* command = app.add_subcommand("report", "Show the delay distribution of the keys that are there");
        command->add_option("--config.file", config_file, "The configuration (YAML)")->required()->type_name("FILE");
        command->add_option("--since", since, "How far back (default 30d)")->type_name("DURATION");
        command->add_option("--format", report_format, "How to show it (default table)")
            ->transform(one_of(report_formats, "table|json|csv"));
        command->callback([this] {
            chosen = [this] {
                const auto period = config::parse_duration(since);
                if (!period || *period <= std::chrono::seconds::zero()) {
                    std::cerr << "keysyncd: --since: expected a duration such as 30d or 12h, found " << since << '\n';
                    return usage_error;
                }
                return with_settings(config_file, [&](const config::Settings& settings) {
                    return run_report(settings, *period, report_format, std::cout, std::cerr, system_now);
                });
            };
        });
    }

    void add_explain() {
        CLI::App* command = app.add_subcommand("explain", "Tell everything about one user's keys");
        command->add_option("--config.file", config_file, "The configuration (YAML)")->required()->type_name("FILE");
        command->add_option("user", user, "User principal name, sAMAccountName, DN, objectGUID or SID")
            ->required()
            ->type_name("USER");
        command->add_option("--format", explain_format, "How to show it (default text)")
            ->transform(one_of(explain_formats, "text|json"));
        command->callback([this] {
            chosen = [this] {
                return with_settings(config_file, [&](const config::Settings& settings) {
                    return run_explain(settings, user, explain_format, std::cout, std::cerr, system_now);
                });
            };
        });
    }

    void add_run() {
        CLI::App* command = app.add_subcommand("run", "Run the daemon");
        command->add_option("--config.file", run.config_file, "The configuration (YAML)")
            ->required()
            ->type_name("FILE");
        command
            ->add_option("--web.listen-address", run.listen_addresses,
                         "Where to serve /metrics and the pages; may be repeated (default 127.0.0.1:10061)")
            ->type_name("ADDR:PORT")
            ->take_all();
        command->add_option("--web.config.file", run.web_config_file, "TLS and authentication of the web server")
            ->type_name("FILE");
        command->add_flag("--web.enable-lifecycle", run.enable_lifecycle, "Serve POST /-/reload");
        command->add_flag("--web.disable-users", run.disable_users, "Close the pages and API that show users");
        command->add_option("--log.level", run.log_level, "What to log (default info)")
            ->transform(one_of(log_levels, "debug|info|warn|error"));
        command->add_option("--log.format", run.log_format, "How to log (default logfmt)")
            ->transform(one_of(log_formats, "logfmt|json"));
        command->callback([this] { chosen = [this] { return run_daemon(run); }; });
    }

    void add_check() {
        CLI::App* command = app.add_subcommand("check", "Tell whether the configuration is sound");
        command->add_option("--config.file", check_file, "The configuration (YAML)")->required()->type_name("FILE");
        command->add_option("--web.config.file", check_web_file, "TLS and authentication of the web server")
            ->type_name("FILE");
        command->add_flag("--online", online, "Also connect to everything that it names");
        command->callback([this] { chosen = [this] { return check(); }; });
    }

    void add_decode() {
        CLI::App* command = app.add_subcommand("decode", "Show what is in msDS-KeyCredentialLink values");
        command
            ->add_option("value", value, "DN-Binary, hex, base64 or LDIF; - or nothing: one a line on standard input")
            ->type_name("VALUE");
        command->add_option("--format", decode_format, "How to show it (default text)")
            ->transform(one_of(decode_formats, "text|json"));
        command->callback([this] {
            chosen = [this] {
                std::ios::sync_with_stdio(false);
                return run_decode(value, decode_format, std::cin, std::cout, std::cerr, system_now());
            };
        });
    }

    void add_version() {
        CLI::App* command = app.add_subcommand("version", "Show which keysyncd this is");
        command->callback([this] {
            chosen = [] {
                fmt::print("keysyncd {} (revision {}, {})\n", version(), revision(), compiler());
                return 0;
            };
        });
    }
};

}  // namespace

int run_command_line(int argc, char** argv) {
    CommandLine line;
    try {
        line.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return line.app.exit(error) == 0 ? 0 : usage_error;
    }
    return line.chosen();
}

}  // namespace keysyncd::daemon
