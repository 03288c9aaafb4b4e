// Whether /-/ready may say yes: every domain has been read through once since the start. Any thread.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace keysyncd::daemon {

class Readiness {
  public:
    explicit Readiness(const std::vector<std::string>& domains) : waiting_(domains.begin(), domains.end()) {}

    void passed(const std::string& domain) {
        const std::scoped_lock lock(mutex_);
        waiting_.erase(domain);
    }
    /// Empty when ready; else what is waited for, in words.
    [[nodiscard]] std::string reason() const {
        const std::scoped_lock lock(mutex_);
        std::string text;
        for (const std::string& domain : waiting_) {
            text += (text.empty() ? "waiting for the first pass over " : ", ") + domain;
        }
        return text;
    }

  private:
    mutable std::mutex mutex_;
    std::set<std::string> waiting_;
};

}  // namespace keysyncd::daemon
