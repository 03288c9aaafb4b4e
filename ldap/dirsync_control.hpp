// The DirSync control (MS-ADTS 3.1.1.3.4.1.3): "what has changed since this cookie", asked of a naming context's root.
// Its values in BER, both ways, by liblber. Pure; any thread. The answer is untrusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace keysyncd::ldap {

inline constexpr std::string_view dirsync_oid = "1.2.840.113556.1.4.841";

namespace dirsync_flag {
constexpr std::uint32_t object_security = 0x1;  ///< a plain account: only what it may read is told
constexpr std::uint32_t ancestors_first = 0x800;
constexpr std::uint32_t public_data_only = 0x2000;
constexpr std::uint32_t incremental_values = 0x80000000;  ///< of a linked attribute only the values that changed
}  // namespace dirsync_flag

struct DirSyncRequest {
    std::uint32_t flags = 0;
    std::int32_t most_bytes = 0;  ///< of an answer; 0: the server's limit
    std::string cookie;           ///< "" for everything
};

struct DirSyncResponse {
    bool more = false;  ///< ask again at once with the new cookie
    std::string cookie;
};

/// The control's value.
[[nodiscard]] std::string encode_dirsync_request(const DirSyncRequest& request);
[[nodiscard]] std::string encode_dirsync_response(const DirSyncResponse& response);

/// std::nullopt for anything but the one sequence that it must be, with a cookie of a size to be stored.
[[nodiscard]] std::optional<DirSyncRequest> decode_dirsync_request(std::string_view value);
[[nodiscard]] std::optional<DirSyncResponse> decode_dirsync_response(std::string_view value);

}  // namespace keysyncd::ldap
