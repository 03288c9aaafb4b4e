#include "ldap/key_entries.hpp"

#include <fmt/format.h>

namespace keysyncd::ldap {

std::string_view to_string(EntryId id) noexcept {
    switch (id) {
        case EntryId::key_id:
            return "KeyID";
        case EntryId::key_hash:
            return "KeyHash";
        case EntryId::key_material:
            return "KeyMaterial";
        case EntryId::key_usage:
            return "KeyUsage";
        case EntryId::key_source:
            return "KeySource";
        case EntryId::device_id:
            return "DeviceId";
        case EntryId::custom_key_information:
            return "CustomKeyInformation";
        case EntryId::last_logon_time:
            return "KeyApproximateLastLogonTimeStamp";
        case EntryId::creation_time:
            return "KeyCreationTime";
    }
    return {};
}

BlobFailure EntryCursor::failure() const {
    const std::size_t left = blob_.size() - at_;
    if (left < entry_header_bytes) {
        return BlobFailure{
            .error = BlobError::truncated_header,
            .offset = at_,
            .detail = fmt::format("expected an entry header of {} bytes, {} left", entry_header_bytes, left)};
    }
    const auto id = std::to_integer<unsigned>(blob_[at_ + 2]);
    const std::string_view name = to_string(static_cast<EntryId>(id));
    return BlobFailure{
        .error = BlobError::truncated_value,
        .offset = at_ + entry_header_bytes,
        .detail = fmt::format("entry {}{}{}{} says {} bytes, {} left", id, name.empty() ? "" : " (", name,
                              name.empty() ? "" : ")", load_le16(blob_.subspan(at_)), left - entry_header_bytes)};
}

}  // namespace keysyncd::ldap
