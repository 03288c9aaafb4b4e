#include "entra/audit_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "entra/http_client.hpp"

namespace keysyncd::entra {
namespace {

constexpr int smallest_page = 25;

std::string equals(std::string_view activity) {
    std::string quoted;
    for (const char c : activity) {
        quoted += c;
        if (c == '\'') {
            quoted += c;
        }
    }
    return fmt::format("activityDisplayName eq '{}'", quoted);
}

bool names_any(std::string_view message, std::initializer_list<std::string_view> words) {
    std::string lower{message};
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return std::ranges::any_of(words, [&](std::string_view word) { return lower.contains(word); });
}

}  // namespace

AuditQuery::AuditQuery(std::string graph_origin, std::vector<std::string> activities)
    : origin_(std::move(graph_origin)), activities_(std::move(activities)) {}

std::vector<std::string> AuditQuery::urls(Instant since) const {
    std::vector<std::string> made;
    if (!combined_) {
        for (const std::string& activity : activities_) {
            made.push_back(url(equals(activity), since));
        }
        return made;
    }
    std::string any;
    for (const std::string& activity : activities_) {
        any += (any.empty() ? "" : " or ") + equals(activity);
    }
    if (activities_.size() > 1) {
        any = "(" + any + ")";
    }
    if (!any.empty()) {
        made.push_back(url(any, since));
    }
    return made;
}

std::string AuditQuery::url(std::string_view activities, Instant since) const {
    // Whole seconds, rounded down: every service reads them alike.
    const std::string filter = fmt::format("{} and activityDateTime ge {}", activities, format_rfc3339(since, 0));
    return fmt::format("{}/v1.0/auditLogs/directoryAudits?$filter={}&$orderby=activityDateTime&$top={}", origin_,
                       percent_encode(filter), page_size_);
}

bool AuditQuery::refused(std::string_view message) {
    const bool about_size = names_any(message, {"top", "limit", "page size"});
    if (!about_size && !names_any(message, {"filter", "clause", "operator", "query"})) {
        return false;
    }
    if (combined_ && activities_.size() > 1 && !about_size) {
        combined_ = false;
        return true;
    }
    if (page_size_ / 2 >= smallest_page) {
        page_size_ /= 2;
        return true;
    }
    if (combined_ && activities_.size() > 1) {
        combined_ = false;
        return true;
    }
    return false;
}

void AuditQuery::start_over() noexcept {
    combined_ = true;
    page_size_ = largest_page;
}

}  // namespace keysyncd::entra
