// Users and their authentication methods, one by one or twenty at a time. One worker thread.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "entra/authentication_methods.hpp"
#include "entra/clouds.hpp"
#include "entra/entra_user.hpp"
#include "entra/graph_session.hpp"

namespace keysyncd::entra {

/// One of several users asked for.
struct UserAnswer {
    std::string asked;              ///< id or user principal name, as given
    std::optional<EntraUser> user;  ///< none, without an error: Entra does not know it (any more)
    std::optional<GraphError> error;
};

class UserReader {
  public:
    UserReader(GraphSession& session, const Endpoints& endpoints);

    [[nodiscard]] std::expected<std::optional<EntraUser>, GraphError> read_user(std::string_view id_or_upn,
                                                                                const std::stop_token& stop);

    /// In the order given, in batches. An error of one user is that user's alone.
    [[nodiscard]] std::expected<std::vector<UserAnswer>, GraphError> read_users(
        std::span<const std::string> ids_or_upns, const std::stop_token& stop);

    [[nodiscard]] std::expected<UserMethods, GraphError> read_methods(std::string_view id_or_upn, KeyKind kind,
                                                                      const std::stop_token& stop);

  private:
    [[nodiscard]] std::expected<void, GraphError> read_batch_of(std::span<UserAnswer> answers,
                                                                const std::stop_token& stop);
    GraphSession& session_;
    Endpoints endpoints_;
};

}  // namespace keysyncd::entra
