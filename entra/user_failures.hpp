// Whether a question about one user failed because of that user, who then must not keep the others waiting, or because
// nobody would get an answer now. Pure.
#pragma once

#include <string>
#include <string_view>

#include "entra/graph_error.hpp"

namespace keysyncd::entra {

enum class FailureOf : bool { user, everybody };

class UserFailures {
  public:
    /// A refusal is everybody's once a second user gets one, trouble of the server once it comes twice in a row; both
    /// only with nobody answered in between.
    [[nodiscard]] FailureOf failed(std::string_view user, GraphFailure failure);
    void answered() noexcept;
    /// Questions begin again after a rest, which may have ended the server's trouble.
    void rested() noexcept { troubles_ = 0; }

  private:
    std::string refused_;  ///< empty: nobody since the last answer
    int troubles_ = 0;     ///< in a row
};

}  // namespace keysyncd::entra
