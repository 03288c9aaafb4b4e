#include "entra/record_splitter.hpp"

namespace keysyncd::entra {
namespace {

constexpr std::size_t longest_key = 16;

constexpr std::string_view no_object = "expected a JSON object";
constexpr std::string_view too_large = "a record is larger than this reader takes";

constexpr bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

}  // namespace

RecordSplitter::RecordSplitter(SplitSink sink, SplitPoint start, std::size_t largest_record)
    : sink_(std::move(sink)), largest_(largest_record), at_(start), resume_(start) {
    if (start.around == Around::wrapper_end) {
        // What follows a wrapper's list is skipped like a record that nobody wants.
        begin_record();
    }
}

void RecordSplitter::feed(std::string_view bytes) {
    chunk_ = bytes;
    begun_at_ = 0;
    for (position_ = 0; position_ < bytes.size(); ++position_) {
        const char c = bytes[position_];
        switch (mode_) {
            case Mode::between:
                between(c);
                break;
            case Mode::record:
                inside(c);
                break;
            case Mode::odd_value:
                inside_odd_value(c);
                break;
            case Mode::skip_line:
                break;
        }
        ++at_.offset;
        if (c == '\n') {
            ++at_.line;
            if (mode_ == Mode::skip_line) {
                mode_ = Mode::between;
            }
        }
        if (mode_ != Mode::record && mode_ != Mode::odd_value) {
            resume_ = at_;
        }
    }
    if (mode_ == Mode::record && at_.around != Around::wrapper_end && size_ <= largest_) {
        held_.append(bytes.substr(begun_at_));
    }
    chunk_ = {};
    position_ = 0;
}

void RecordSplitter::finish() {
    if (mode_ == Mode::odd_value) {
        end_odd_value();
    }
    if (mode_ == Mode::record) {
        give_up("the file ends inside a record");
    } else if (at_.around != Around::nothing || at_.in_list) {
        sink_.on_malformed(at_.line, "the file ends inside a list");
    }
}

void RecordSplitter::between(char c) {
    const bool mark = at_.offset < 3 && (c == '\xEF' || c == '\xBB' || c == '\xBF');  // UTF-8's byte order mark
    if (is_space(c) || c == ',' || mark) {
        return;
    }
    if (c == '{') {
        begin_record();
        return;
    }
    if (c == '[' && at_.around == Around::nothing && !at_.in_list) {
        at_.in_list = true;
        return;
    }
    if (c == ']' && at_.around == Around::wrapper) {
        at_.around = Around::wrapper_end;
        resume_ = at_;
        ++resume_.offset;
        begin_record();
        return;
    }
    if (c == ']' && at_.in_list) {
        at_.in_list = false;
        return;
    }
    const bool in_a_list = at_.in_list || at_.around == Around::wrapper;
    if (in_a_list && c != '}' && c != ':') {
        begin_odd_value(c);
        return;
    }
    give_up(no_object);
}

// A number, a text, null or a list where an object should be. Told at its end: reading may stop and resume before.
void RecordSplitter::begin_odd_value(char c) {
    resume_ = at_;
    mode_ = Mode::odd_value;
    depth_ = 0;
    in_string_ = escaped_ = false;
    inside_odd_value(c);
}

void RecordSplitter::inside_odd_value(char c) {
    if (c == '\n') {  // also one that was cut off ends with its line
        end_odd_value();
    } else if (in_string_) {
        if (escaped_) {
            escaped_ = false;
        } else if (c == '\\') {
            escaped_ = true;
        } else if (c == '"') {
            in_string_ = false;
        }
    } else if (c == '"') {
        in_string_ = true;
    } else if (c == '[' || c == '{') {
        ++depth_;
    } else if (depth_ > 0) {
        depth_ -= c == ']' || c == '}' ? 1 : 0;
    } else if (c == ',' || c == ']') {
        end_odd_value();
        between(c);
    }
}

void RecordSplitter::end_odd_value() {
    sink_.on_malformed(resume_.line, no_object);
    mode_ = Mode::between;
}

void RecordSplitter::begin_record() {
    if (at_.around != Around::wrapper_end) {
        resume_ = at_;
    }
    mode_ = Mode::record;
    held_.clear();
    begun_at_ = position_;
    size_ = 0;
    depth_ = at_.around == Around::wrapper_end ? 1 : 0;
    in_string_ = escaped_ = in_key_ = wrapper_key_ = key_expected_ = false;
    before_ = 0;
    if (at_.around != Around::wrapper_end) {
        inside('{');
    }
}

std::string_view RecordSplitter::text() {
    const std::string_view here = chunk_.substr(begun_at_, position_ + 1 - begun_at_);
    if (held_.empty()) {
        return here;
    }
    held_.append(here);
    return held_;
}

void RecordSplitter::inside(char c) {
    if (++size_ > largest_) {
        held_.clear();
    }
    if (in_string_) {
        if (escaped_) {
            escaped_ = false;
        } else if (c == '\\') {
            escaped_ = true;
        } else if (c == '"') {
            in_string_ = false;
            if (in_key_) {
                in_key_ = key_expected_ = false;
                wrapper_key_ = key_ == "records" || key_ == "value";
            }
        } else if (c == '\n') {
            give_up("a line ends inside a text: the record is cut off");
            return;
        }
        if (in_string_ && in_key_ && key_.size() < longest_key) {
            key_ += c;
        }
        return;
    }
    if (is_space(c)) {
        return;
    }
    const char previous = before_;
    before_ = c;
    switch (c) {
        case '"':
            in_string_ = true;
            in_key_ = depth_ == 1 && key_expected_;
            key_.clear();
            break;
        case '{':
            if (depth_ > 0 && previous != ':' && previous != '[' && previous != ',') {
                // No JSON has an object here: the record before was cut off, and this one begins.
                give_up("the record is cut off");
                begin_record();
                return;
            }
            ++depth_;
            key_expected_ = depth_ == 1;
            break;
        case '[':
            // Inside a wrapper too: one that was cut off is followed by the next.
            if (depth_ == 1 && wrapper_key_ && previous == ':' && at_.around != Around::wrapper_end) {
                at_.around = Around::wrapper;
                mode_ = Mode::between;
                held_.clear();
                return;
            }
            ++depth_;
            break;
        case '}':
        case ']':
            if (--depth_ == 0) {
                end_record();
            }
            break;
        case ',':
            key_expected_ = depth_ == 1;
            break;
        default:
            break;
    }
}

void RecordSplitter::end_record() {
    mode_ = Mode::between;
    if (at_.around == Around::wrapper_end) {
        at_.around = Around::nothing;
    } else if (size_ > largest_) {
        sink_.on_malformed(resume_.line, too_large);
    } else {
        sink_.on_record(text(), resume_.line);
    }
    held_.clear();
}

void RecordSplitter::give_up(std::string_view reason) {
    sink_.on_malformed(mode_ == Mode::record ? resume_.line : at_.line, reason);
    const bool line_ends_here = position_ < chunk_.size() && chunk_[position_] == '\n';
    mode_ = line_ends_here ? Mode::between : Mode::skip_line;
    held_.clear();
    if (at_.around == Around::wrapper_end) {
        at_.around = Around::nothing;
    }
}

}  // namespace keysyncd::entra
