#include "config/loader.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "config/domain_section.hpp"
#include "config/duration.hpp"
#include "config/entra_section.hpp"
#include "config/section.hpp"
#include "config/yaml_document.hpp"

namespace keysyncd::config {

namespace {

void read_sync(Section& root, SyncSettings& sync) {
    auto section = root.section("sync");
    if (!section) {
        return;
    }
    sync.cycle = section->duration("cycle").value_or(sync.cycle);
    sync.grace = section->duration("grace").value_or(sync.grace);
    // Two cycles of slack: a key may just miss one, and one may fail.
    sync.overdue_after = section->duration("overdue_after").value_or(2 * sync.cycle + sync.grace);
    if (sync.overdue_after <= sync.cycle) {
        section->warning(
            "overdue_after",
            fmt::format("{} is not longer than one cycle, {}: keys that arrive in time will be called overdue",
                        format_duration(sync.overdue_after), format_duration(sync.cycle)));
    }
    section->finish();
}

void read_ledger(Section& root, LedgerSettings& ledger) {
    auto section = root.section("ledger");
    if (!section) {
        return;
    }
    ledger.retention = section->duration("retention").value_or(ledger.retention);
    if (const auto path = section->path("path", FileKind::any)) {
        ledger.path = *path;
        std::error_code ignored;
        if (std::filesystem::is_directory(ledger.path, ignored)) {
            section->error("path", fmt::format("expected a file, but {} is a directory", ledger.path.string()));
        } else if (!std::filesystem::is_directory(ledger.path.parent_path(), ignored)) {
            section->warning("path", fmt::format("the folder {} is not there: create it, owned by the service's user",
                                                 ledger.path.parent_path().string()));
        }
    }
    section->finish();
}

void read_privacy(Section& root, UserNames& user_names) {
    static constexpr std::array<std::pair<std::string_view, UserNames>, 2> words{
        {{"full", UserNames::full}, {"hashed", UserNames::hashed}}};
    if (auto section = root.section("privacy")) {
        user_names = section->choice<UserNames>("user_names", words).value_or(user_names);
        section->finish();
    }
}

void check_across(Section& root, const Settings& settings) {
    if (settings.entra && settings.ledger.retention < settings.entra->lookback) {
        root.warning(
            "ledger",
            fmt::format("retention {} is shorter than entra.lookback {}: older keys are forgotten and read again",
                        format_duration(settings.ledger.retention), format_duration(settings.entra->lookback)));
    }
    if (settings.uses_graph() && settings.entra->poll_interval > settings.sync.cycle) {
        root.warning("entra",
                     fmt::format("poll_interval {} is longer than sync.cycle {}: keys are told late, and whether "
                                 "the tenant still synchronises is not known all the time",
                                 format_duration(settings.entra->poll_interval), format_duration(settings.sync.cycle)));
    }
}

Settings read_settings(Section& root) {
    Settings settings;
    settings.domains = read_domains(root);
    if (auto entra = root.section("entra")) {
        settings.entra = read_entra(std::move(*entra));
    }
    read_sync(root, settings.sync);
    read_ledger(root, settings.ledger);
    read_privacy(root, settings.user_names);
    check_across(root, settings);
    root.finish();
    return settings;
}

std::unexpected<Problems> fail(Problems problems) {
    return std::unexpected(std::move(problems));
}

}  // namespace

std::expected<Settings, Problems> load_text(std::string_view text, const std::string& file_name, Problems* warnings) {
    Report report(file_name);
    const YamlPtr tree = parse_yaml(text, file_name, report.problems());
    if (tree == nullptr) {
        return fail(report.take_sorted());
    }
    Settings settings;
    if (auto root = Section::root(report, tree)) {
        settings = read_settings(*root);
    }
    Problems problems = report.take_sorted();
    if (has_errors(problems)) {
        return fail(std::move(problems));
    }
    if (warnings != nullptr) {
        *warnings = std::move(problems);
    }
    return settings;
}

std::expected<Settings, Problems> load(const std::filesystem::path& file, Problems* warnings) {
    std::string text;
    Problems problems;
    if (!read_yaml_file(file.string(), text, problems)) {
        return fail(std::move(problems));
    }
    return load_text(text, file.string(), warnings);
}

}  // namespace keysyncd::config
