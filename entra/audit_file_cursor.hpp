// How far each exported audit log was read. Belongs to the ledger: it is stored together with the events that it
// covers, so that neither a crash nor a rotation loses or repeats any. Plain data, as text for the ledger.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "entra/record_splitter.hpp"

namespace keysyncd::entra {

/// A file is known by device and inode, not by its name, which rotation changes; a number that the file system gave to
/// another file shows by the hash of the first bytes.
struct AuditFileMark {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::string path;  ///< when it was last seen
    SplitPoint read_to;
    std::uint64_t head_bytes = 0;
    std::uint64_t head_hash = 0;
    bool whole = false;        ///< compressed, and read to its end
    std::uint64_t size = 0;    ///< when it was last read
    std::int64_t changed = 0;  ///< modification time, nanoseconds since 1970
    bool operator==(const AuditFileMark&) const = default;
};

struct AuditFileCursor {
    std::vector<AuditFileMark> files;
    bool operator==(const AuditFileCursor&) const = default;
};

[[nodiscard]] std::string serialize(const AuditFileCursor& cursor);
/// std::nullopt for text that serialize() did not write.
[[nodiscard]] std::optional<AuditFileCursor> parse_audit_file_cursor(std::string_view text);

}  // namespace keysyncd::entra
