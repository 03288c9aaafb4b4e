// The audit log's queries. Microsoft documents which properties can be filtered on, but neither the combination with
// `or` nor the largest $top: so the query starts out short and large, and gives way each time Graph answers 400 and
// says that it is about the filter or the page's size. Any other 400 is no reason to. One user's events alone can be
// asked for, which makes weeks of a large tenant's log a page. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "entra/graph_time.hpp"

namespace keysyncd::entra {

/// Whose events are wanted.
struct AuditUser {
    std::string id;                   ///< Entra object id
    std::string user_principal_name;  ///< may be empty
};

class AuditQuery {
  public:
    AuditQuery(std::string graph_origin, std::vector<std::string> activities);

    /// The same for one user's events, with what Graph is known to refuse; events of other activities may come too.
    [[nodiscard]] AuditQuery of(AuditUser user) const;

    /// The first pages to ask for: one for all activities, or one each where Graph refused the combination.
    [[nodiscard]] std::vector<std::string> urls(Instant since) const;

    /// Graph answered 400 with this message. True: `urls` are different now, try again. False: the query is not what it
    /// complains about, or nothing is left to try.
    [[nodiscard]] bool refused(std::string_view message);
    /// As at first: what was refused may have been a mistake of theirs.
    void start_over() noexcept;

    [[nodiscard]] bool combined() const noexcept { return combined_; }
    [[nodiscard]] int page_size() const noexcept { return page_size_; }
    [[nodiscard]] bool is_first_choice() const noexcept { return combined_ && page_size_ == largest_page; }

  private:
    static constexpr int largest_page = 500;
    [[nodiscard]] std::string url(std::string_view activities, Instant since) const;
    [[nodiscard]] bool simplify();
    [[nodiscard]] std::string user_clause() const;
    std::string origin_;
    std::vector<std::string> activities_;
    std::optional<AuditUser> user_;
    bool by_every_name_ = true;  ///< of the user
    bool combined_ = true;
    int page_size_ = largest_page;
};

}  // namespace keysyncd::entra
