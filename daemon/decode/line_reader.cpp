#include "daemon/decode/line_reader.hpp"

#include <algorithm>
#include <cstring>

namespace keysyncd::daemon {

bool LineReader::fill() {
    in_.read(block_.data(), static_cast<std::streamsize>(block_.size()));
    at_ = 0;
    end_ = static_cast<std::size_t>(in_.gcount());
    return end_ != 0;
}

void LineReader::keep(std::string& line, const char* from, std::size_t count) {
    const std::size_t kept = std::min(count, longest_ - line.size());
    overlong_ = overlong_ || kept < count;
    line.append(from, kept);
}

bool LineReader::next(std::string& line) {
    line.clear();
    overlong_ = false;
    if (at_ == end_ && !fill()) {
        return false;
    }
    do {
        const char* const from = block_.data() + at_;
        const auto* const feed = static_cast<const char*>(std::memchr(from, '\n', end_ - at_));
        if (feed != nullptr) {
            const auto count = static_cast<std::size_t>(feed - from);
            keep(line, from, count);
            at_ += count + 1;
            break;
        }
        keep(line, from, end_ - at_);
        at_ = end_;
    } while (fill());
    if (line.ends_with('\r')) {
        line.pop_back();
    }
    return true;
}

}  // namespace keysyncd::daemon
