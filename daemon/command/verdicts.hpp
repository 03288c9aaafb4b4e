// The lines of `keysyncd check --online`: ok, warn or fail, what was looked at, what was found and how to mend it. Each
// is written at once. Main thread.
#pragma once

#include <chrono>
#include <iosfwd>
#include <string>
#include <string_view>

#include "ldap/time.hpp"

namespace keysyncd::daemon {

class Verdicts {
  public:
    explicit Verdicts(std::ostream& out) : out_(out) {}
    void ok(std::string_view what, std::string_view detail) { line("ok", what, detail); }
    void warn(std::string_view what, std::string_view detail) { line("warn", what, detail); }
    void fail(std::string_view what, std::string_view detail) {
        line("fail", what, detail);
        failed_ = true;
    }
    [[nodiscard]] int exit_code() const { return failed_ ? 1 : 0; }

  private:
    void line(std::string_view verdict, std::string_view what, std::string_view detail);
    std::ostream& out_;
    bool failed_ = false;
};

/// A certificate that ends within two weeks is a warning.
void tell_expiry(Verdicts& verdicts, const std::string& what, std::chrono::sys_seconds not_after, ldap::Instant now);

/// A clock that is more than five seconds off is a warning.
void tell_offset(Verdicts& verdicts, const std::string& what, std::chrono::nanoseconds offset);

}  // namespace keysyncd::daemon
