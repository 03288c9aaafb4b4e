// Exported audit logs read like a log shipper does: globs and folders, files that grow, are rotated, cut back or
// compressed. For tenants whose Graph the daemon may not reach, and for licences without the audit API. Blocking file
// reads, one worker thread; memory does not grow with the files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "entra/audit_file_cursor.hpp"
#include "entra/registration_event.hpp"

namespace keysyncd::entra {

/// Something that could not be read: a record (with its line) or a whole file (line 0). It is skipped.
struct AuditFileProblem {
    std::string path;
    std::uint64_t line = 0;
    std::string detail;
};

struct AuditFilePass {
    std::size_t files = 0;  ///< looked at
    std::uint64_t bytes = 0;
    std::uint64_t records = 0;
    std::uint64_t events = 0;
    std::uint64_t malformed = 0;   ///< records
    std::uint64_t unreadable = 0;  ///< files
    bool stopped = false;          ///< by the stop token or the sink
};

class AuditFileReader {
  public:
    /// Takes events and the cursor that covers them: both belong into one transaction. False stops the pass.
    using Sink = std::function<bool(std::vector<RegistrationEvent>&&, const AuditFileCursor&)>;

    /// `patterns`: paths, globs, or folders, whose files are all read (those with a leading dot are not).
    AuditFileReader(std::vector<std::string> patterns, const config::AuditActivities& activities,
                    std::function<void(const AuditFileProblem&)> on_problem, AuditFileCursor cursor);
    ~AuditFileReader();
    AuditFileReader(const AuditFileReader&) = delete;
    AuditFileReader& operator=(const AuditFileReader&) = delete;

    /// Everything new since the cursor, oldest files first. The same event may come again (a file that was compressed
    /// after it was read): deduplication by event_id is the caller's. The sink is called with no events too, when only
    /// the cursor moved.
    AuditFilePass read(const Sink& sink, const std::stop_token& stop);

  private:
    class Pass;
    std::vector<std::string> patterns_;
    config::AuditActivities activities_;
    std::function<void(const AuditFileProblem&)> on_problem_;
    AuditFileCursor cursor_;
};

/// The regular files that the patterns mean now, oldest first, each once. A folder means the files in it.
[[nodiscard]] std::vector<std::filesystem::path> expand_patterns(const std::vector<std::string>& patterns);

}  // namespace keysyncd::entra
