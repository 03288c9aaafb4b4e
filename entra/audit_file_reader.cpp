#include "entra/audit_file_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>

#include "entra/audit_file_stream.hpp"
#include "entra/audit_record.hpp"
#include "entra/graph_error.hpp"

namespace keysyncd::entra {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t events_a_batch = 1000;
constexpr std::uint64_t bytes_a_batch = 64U << 20U;
constexpr std::uint64_t most_head_bytes = 256;

AuditFileMark mark_of(const AuditFileStream& stream, const fs::path& path) {
    AuditFileMark mark;
    mark.device = stream.device();
    mark.inode = stream.inode();
    mark.path = path.string();
    return mark;
}

/// The file is the one that the mark was made for, and was not cut back.
bool continues(const AuditFileMark& mark, const AuditFileStream& stream) {
    return stream.size() >= mark.read_to.offset &&
           (mark.head_bytes == 0 || stream.head_hash(mark.head_bytes) == mark.head_hash);
}

}  // namespace

/// One reading of everything; the reader's cursor moves along.
class AuditFileReader::Pass {
  public:
    Pass(AuditFileReader& reader, const Sink& sink, const std::stop_token& stop)
        : reader_(reader), activities_(reader.activities_), sink_(sink), stop_(stop) {}

    AuditFilePass run() {
        const std::vector<fs::path> paths = expand_patterns(reader_.patterns_);
        for (const fs::path& path : paths) {
            read_path(path, Ends::open);
        }
        follow_rotated();
        if (!outcome_.stopped && dirty_) {
            hand_over();
        }
        return outcome_;
    }

  private:
    /// Whether a file may still grow. One that was renamed away from its pattern is read to its end and forgotten.
    enum class Ends : bool { open, final };

    void problem(const fs::path& path, std::uint64_t line, std::string_view detail) {
        if (reader_.on_problem_) {
            reader_.on_problem_({path.string(), line, one_line(detail)});
        }
    }

    AuditFileMark& mark_for(const AuditFileStream& stream, const fs::path& path) {
        auto& files = reader_.cursor_.files;
        auto found = std::ranges::find_if(
            files, [&](const AuditFileMark& m) { return m.device == stream.device() && m.inode == stream.inode(); });
        if (found == files.end()) {
            files.push_back(mark_of(stream, path));
            dirty_ = true;
            return files.back();
        }
        if (stream.compressed() ? found->size != stream.size() || found->changed != stream.changed()
                                : !continues(*found, stream)) {
            *found = mark_of(stream, path);
            dirty_ = true;
        }
        return *found;
    }

    void read_path(const fs::path& path, Ends ends) {
        if (outcome_.stopped || stop_.stop_requested()) {
            outcome_.stopped = true;
            return;
        }
        auto stream = AuditFileStream::open(path);
        if (!stream) {
            ++outcome_.unreadable;
            unopened_.insert(path.string());
            problem(path, 0, stream.error());
            return;
        }
        if (!seen_.insert({stream->device(), stream->inode()}).second) {
            return;
        }
        ++outcome_.files;
        AuditFileMark& mark = mark_for(*stream, path);
        if (mark.path != path.string()) {
            mark.path = path.string();
            dirty_ = true;
        }
        const bool unchanged = mark.size == stream->size() && mark.changed == stream->changed();
        if (unchanged && (stream->compressed() || mark.whole || ends == Ends::open)) {
            return;
        }
        read_stream(*stream, path, mark, ends);
    }

    void read_stream(AuditFileStream& stream, const fs::path& path, AuditFileMark& mark, Ends ends) {
        const std::size_t index = static_cast<std::size_t>(&mark - reader_.cursor_.files.data());
        RecordSplitter splitter({[&](std::string_view record, std::uint64_t line) { take(record, path, line); },
                                 [&](std::uint64_t line, std::string_view reason) { malformed(path, line, reason); }},
                                stream.compressed() ? SplitPoint{} : mark.read_to);
        if (!stream.compressed()) {
            stream.seek(mark.read_to.offset);
        }
        auto end = AuditFileStream::End::more;
        while (end == AuditFileStream::End::more) {
            const auto chunk = stream.read();
            if (!chunk) {
                ++outcome_.unreadable;
                problem(path, 0, chunk.error().detail);
                if (!chunk.error().damaged) {
                    return;  // it passes: the file is not done with
                }
                break;
            }
            splitter.feed(chunk->bytes);
            end = chunk->end;
            outcome_.bytes += chunk->bytes.size();
            unsaved_bytes_ += chunk->bytes.size();
            if (!stream.compressed()) {
                note_progress(stream, index, splitter.resume_at());
            }
            if ((events_.size() >= events_a_batch || unsaved_bytes_ >= bytes_a_batch) && !hand_over()) {
                return;
            }
            if (stop_.stop_requested()) {
                outcome_.stopped = true;
                return;
            }
        }
        AuditFileMark& done = reader_.cursor_.files[index];
        if (end == AuditFileStream::End::early) {
            problem(path, 0, "the gzip data ends early: the file is read again when it has changed");
        } else if (end == AuditFileStream::End::reached && (stream.compressed() || ends == Ends::final)) {
            splitter.finish();
        }
        done.whole = stream.compressed() || ends == Ends::final;
        done.size = stream.size();
        done.changed = stream.changed();
        dirty_ = true;
    }

    void note_progress(const AuditFileStream& stream, std::size_t index, const SplitPoint& at) {
        AuditFileMark& mark = reader_.cursor_.files[index];
        if (mark.read_to == at) {
            return;
        }
        mark.read_to = at;
        dirty_ = true;
        if (mark.head_bytes < most_head_bytes) {
            mark.head_bytes = std::min(most_head_bytes, at.offset);
            mark.head_hash = stream.head_hash(mark.head_bytes).value_or(0);
        }
    }

    void take(std::string_view record, const fs::path& path, std::uint64_t line) {
        ++outcome_.records;
        memory_.release();
        boost::system::error_code failed;
        const boost::json::value value = boost::json::parse(record, failed, &memory_);
        const boost::json::object* object = failed ? nullptr : value.if_object();
        if (object == nullptr) {
            malformed(path, line, fmt::format("no JSON object: {}", failed.message()));
            return;
        }
        auto event = read_audit_record(*object, activities_);
        if (event) {
            ++outcome_.events;
            events_.push_back(std::move(*event));
        } else if (event.error().why == NoEvent::Why::malformed) {
            malformed(path, line, event.error().detail);
        }
    }

    void malformed(const fs::path& path, std::uint64_t line, std::string_view detail) {
        ++outcome_.malformed;
        problem(path, line, detail);
    }

    bool hand_over() {
        unsaved_bytes_ = 0;
        dirty_ = false;
        if (!sink_(std::exchange(events_, {}), reader_.cursor_)) {
            outcome_.stopped = true;
        }
        return !outcome_.stopped;
    }

    enum class Where : std::uint8_t { here, nowhere, unknown };

    /// Looks for a file that no pattern matches any more: renamed in its folder, or gone.
    Where find(const AuditFileMark& mark, fs::path& path) const {
        std::error_code failed;
        for (fs::directory_iterator at(fs::path{mark.path}.parent_path(), failed), end; !failed && at != end;
             at.increment(failed)) {
            if (is_file(at->path(), mark)) {
                path = at->path();
                return Where::here;
            }
        }
        return failed ? Where::unknown : Where::nowhere;  // unknown: a file system that is not mounted just now
    }

    void follow_rotated() {
        if (outcome_.stopped) {
            return;
        }
        auto& files = reader_.cursor_.files;
        std::vector<fs::path> renamed;
        const auto forgotten = std::erase_if(files, [&](const AuditFileMark& mark) {
            if (seen_.contains({mark.device, mark.inode}) || unopened_.contains(mark.path)) {
                return false;
            }
            fs::path path;
            const Where where = find(mark, path);
            if (where == Where::here && !mark.whole) {
                renamed.push_back(path);
                return false;
            }
            return where != Where::unknown;
        });
        for (const fs::path& path : renamed) {
            read_path(path, Ends::final);
        }
        const auto done = std::erase_if(files, [&](const AuditFileMark& mark) {
            return mark.whole && std::ranges::find(renamed, fs::path{mark.path}) != renamed.end();
        });
        dirty_ = dirty_ || forgotten + done > 0;
    }

    [[nodiscard]] static bool is_file(const fs::path& path, const AuditFileMark& mark) {
        std::error_code failed;
        if (!fs::is_regular_file(path, failed)) {
            return false;
        }
        const auto stream = AuditFileStream::open(path);
        return stream && stream->device() == mark.device && stream->inode() == mark.inode && continues(mark, *stream);
    }

    AuditFileReader& reader_;
    ActivityNames activities_;
    const Sink& sink_;
    const std::stop_token& stop_;
    AuditFilePass outcome_;
    std::vector<RegistrationEvent> events_;
    std::uint64_t unsaved_bytes_ = 0;
    bool dirty_ = false;
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;  ///< device and inode
    std::set<std::string> unopened_;
    std::array<unsigned char, 64U << 10U> buffer_{};
    boost::json::monotonic_resource memory_{buffer_.data(), buffer_.size()};
};

AuditFileReader::AuditFileReader(std::vector<std::string> patterns, const config::AuditActivities& activities,
                                 std::function<void(const AuditFileProblem&)> on_problem, AuditFileCursor cursor)
    : patterns_(std::move(patterns)),
      activities_(activities),
      on_problem_(std::move(on_problem)),
      cursor_(std::move(cursor)) {}

AuditFileReader::~AuditFileReader() = default;

AuditFilePass AuditFileReader::read(const Sink& sink, const std::stop_token& stop) {
    return Pass(*this, sink, stop).run();
}

}  // namespace keysyncd::entra
