// One registration told by two sources: the audit log and the registration report name it by ids of their own. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "daemon/rules/correlation.hpp"

namespace keysyncd::daemon {

/// A registration of one user and kind, as a source told it.
struct ToldRegistration {
    bool by_report = false;
    Instant registered_at;
    std::string method_id;  ///< always where the report told it, else once Entra has shown it
};

/// Which of `known` is the same as `news` by the other source: the nearest in time that is not another method.
/// std::nullopt: none, it is a registration of its own.
[[nodiscard]] std::optional<std::size_t> find_twin(const ToldRegistration& news,
                                                   std::span<const ToldRegistration> known) noexcept;

}  // namespace keysyncd::daemon
