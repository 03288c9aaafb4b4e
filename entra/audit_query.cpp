#include "entra/audit_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "entra/http_client.hpp"

namespace keysyncd::entra {
namespace {

constexpr int smallest_page = 25;

std::string literal(std::string_view text) {
    std::string made;
    for (const char c : text) {
        made += c;
        if (c == '\'') {
            made += c;
        }
    }
    return "'" + made + "'";
}

std::string equals(std::string_view activity) {
    return "activityDisplayName eq " + literal(activity);
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

AuditQuery AuditQuery::of(AuditUser user) const {
    AuditQuery query = *this;
    query.user_ = std::move(user);
    query.by_every_name_ = combined_;
    return query;
}

std::vector<std::string> AuditQuery::urls(Instant since) const {
    std::vector<std::string> made;
    if (!combined_ && !user_) {
        for (const std::string& activity : activities_) {
            made.push_back(url(equals(activity), since));
        }
        return made;
    }
    if (activities_.empty()) {
        return made;
    }
    std::string any;
    for (const std::string& activity : activities_) {
        any += (any.empty() ? "" : " or ") + equals(activity);
    }
    if (activities_.size() > 1) {
        any = "(" + any + ")";
    }
    // Whatever one user does is little: where the combination is refused, all of it is read.
    made.push_back(url(combined_ ? any : "", since));
    return made;
}

std::string AuditQuery::url(std::string_view activities, Instant since) const {
    // Whole seconds, rounded down: every service reads them alike.
    const std::string filter = fmt::format("{}{}activityDateTime ge {}{}", activities,
                                           activities.empty() ? "" : " and ", format_rfc3339(since, 0), user_clause());
    return fmt::format("{}/v1.0/auditLogs/directoryAudits?$filter={}&$orderby=activityDateTime&$top={}", origin_,
                       percent_encode(filter), page_size_);
}

// Who registers a key is its user nearly always; an administrator who takes one away is not, and some events name the
// user in one of these ways alone.
std::string AuditQuery::user_clause() const {
    if (!user_) {
        return "";
    }
    const std::string initiator = "initiatedBy/user/id eq " + literal(user_->id);
    if (!by_every_name_) {
        return " and " + initiator;
    }
    const std::string by_name = user_->user_principal_name.empty() ? ""
                                                                   : " or initiatedBy/user/userPrincipalName eq " +
                                                                         literal(user_->user_principal_name);
    return fmt::format(" and ({}{} or targetResources/any(t:t/id eq {}))", initiator, by_name, literal(user_->id));
}

bool AuditQuery::simplify() {
    if (user_ && by_every_name_) {
        by_every_name_ = false;
        return true;
    }
    if (combined_ && activities_.size() > 1) {
        combined_ = false;
        return true;
    }
    return false;
}

bool AuditQuery::refused(std::string_view message) {
    const bool about_size = names_any(message, {"top", "limit", "page size"});
    if (!about_size && !names_any(message, {"filter", "clause", "operator", "query"})) {
        return false;
    }
    if (!about_size && simplify()) {
        return true;
    }
    // Of one user's log a smaller page says no more; everybody's can be read instead.
    if (page_size_ / 2 >= smallest_page && (about_size || !user_)) {
        page_size_ /= 2;
        return true;
    }
    return simplify();
}

void AuditQuery::start_over() noexcept {
    by_every_name_ = true;
    combined_ = true;
    page_size_ = largest_page;
}

}  // namespace keysyncd::entra
