#include "config/web_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/escape.hpp"
#include "config/section.hpp"
#include "config/web_tls_section.hpp"
#include "config/yaml_document.hpp"

namespace keysyncd::config {

namespace {

constexpr int slow_cost = 14;  // about a second a check

bool is_bcrypt_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '/';
}

/// The cost in $2b$10$<22 characters of salt><31 of hash>; 0 where it is no such hash.
int bcrypt_cost(std::string_view hash) {
    constexpr std::size_t length = 60;
    if (hash.size() != length || !hash.starts_with("$2") ||
        std::string_view("aby").find(hash[2]) == std::string_view::npos || hash[3] != '$' || hash[6] != '$' ||
        !std::ranges::all_of(hash.substr(7), is_bcrypt_character)) {
        return 0;
    }
    const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
    const bool digits = hash[4] >= '0' && hash[4] <= '9' && hash[5] >= '0' && hash[5] <= '9';
    return digits && cost >= 4 && cost <= 31 ? cost : 0;
}

void read_users(Section users, WebSettings& web) {
    for (const auto& [name, hash] : users.all_texts()) {
        const int cost = bcrypt_cost(hash.value);
        if (name.empty() || name.find(':') != std::string::npos) {
            users.report().error(hash.place, "a user's name is not empty and has no colon");
        } else if (cost == 0) {
            // What was found is not repeated: it may be a password.
            users.report().error(hash.place,
                                 "expected a bcrypt hash ($2y$10$...), found something else: make one with "
                                 "htpasswd -nBC 10 \"\" | tr -d ':\\n'");
        } else {
            if (cost > slow_cost) {
                users.report().warning(
                    hash.place, fmt::format("a bcrypt cost of {} takes seconds a check: 10 to 12 will do", cost));
            }
            web.basic_auth_users.emplace(name, hash.value);
        }
    }
    users.finish();
}

void read_headers(Section headers, WebSettings& web) {
    constexpr std::array names{"Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options",
                               "X-Frame-Options", "X-XSS-Protection"};
    for (const char* name : names) {
        if (const auto value = headers.text(name)) {
            web.headers.emplace(name, value->value);
        }
    }
    headers.finish();
}

void read_http(Section http, WebSettings& web) {
    if (http.boolean("http2").value_or(false)) {
        http.warning("http2", "HTTP/1.1 is what keysyncd speaks: remove it, or set false");
    }
    if (auto headers = http.section("headers")) {
        read_headers(std::move(*headers), web);
    }
    http.finish();
}

void read_root(Section& root, WebSettings& web) {
    if (auto tls = root.section("tls_server_config")) {
        web.tls = read_web_tls(std::move(*tls));
    }
    if (auto http = root.section("http_server_config")) {
        read_http(std::move(*http), web);
    }
    if (auto users = root.section("basic_auth_users")) {
        read_users(std::move(*users), web);
    }
    root.finish();
}

}  // namespace

std::expected<WebSettings, Problems> load_web_settings_text(std::string_view text, const std::string& file_name,
                                                            Problems* warnings) {
    Report report(file_name);
    const YamlPtr tree = parse_yaml(text, file_name, report.problems());
    if (tree == nullptr) {
        return std::unexpected(report.take_sorted());
    }
    WebSettings web;
    const bool empty = tree->kind == YamlNode::Kind::null;
    if (auto root = empty ? std::nullopt : Section::root(report, tree)) {
        read_root(*root, web);
    }
    Problems problems = report.take_sorted();
    if (has_errors(problems)) {
        return std::unexpected(std::move(problems));
    }
    if (warnings != nullptr) {
        *warnings = std::move(problems);
    }
    return web;
}

std::expected<WebSettings, Problems> load_web_settings(const std::filesystem::path& file, Problems* warnings) {
    std::string text;
    Problems problems;
    if (!read_yaml_file(file.string(), text, problems)) {
        return std::unexpected(std::move(problems));
    }
    return load_web_settings_text(text, file.string(), warnings);
}

}  // namespace keysyncd::config
