#include "entra/user_failures.hpp"

namespace keysyncd::entra {

FailureOf UserFailures::failed(std::string_view user, GraphFailure failure) {
    switch (failure) {
        case GraphFailure::forbidden:
            if (refused_.empty()) {
                refused_ = user;
            }
            return refused_ == user ? FailureOf::user : FailureOf::everybody;
        case GraphFailure::server:
        case GraphFailure::timeout:
            return ++troubles_ < 2 ? FailureOf::user : FailureOf::everybody;
        case GraphFailure::not_found:
        case GraphFailure::bad_answer:
        case GraphFailure::refused_link:
        case GraphFailure::too_large:
            return FailureOf::user;
        default:
            return FailureOf::everybody;
    }
}

void UserFailures::answered() noexcept {
    refused_.clear();
    troubles_ = 0;
}

}  // namespace keysyncd::entra
