#include "daemon/landing_page.hpp"

namespace keysyncd::daemon {

std::string escape_html(std::string_view text) {
    std::string safe;
    safe.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            case '\'':
                safe += "&#39;";
                break;
            default:
                safe += c;
        }
    }
    return safe;
}

HttpResponse landing_page(std::string_view version,
                          std::span<const std::pair<std::string_view, std::string_view>> links) {
    HttpResponse page;
    page.content_type = "text/html; charset=utf-8";
    page.body =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>keysyncd</title>\n</head>\n<body>\n"
        "<h1>keysyncd</h1>\n<p>How long Windows Hello for Business keys wait for Entra Connect. Version " +
        escape_html(version) + ".</p>\n<ul>\n";
    for (const auto& [path, what] : links) {
        const std::string safe = escape_html(path);
        page.body += "<li><a href=\"" + safe + "\">" + safe + "</a>: " + escape_html(what) + "</li>\n";
    }
    page.body += "</ul>\n</body>\n</html>\n";
    return page;
}

}  // namespace keysyncd::daemon
