// Cuts a stream of exported JSON into its records, whatever is around them: one a line, lists, {"records": [...]},
// {"value": [...]}, one pretty-printed object, or several of these in a row. Holds one record at a time, so that a list
// of a million costs no more than one of ten, and can start again where it stopped. Pure: bytes in, texts out.
// Broken input costs the broken record: what is no record in a list is skipped by itself, one that is too large up to
// its end, and after what is no JSON at all the next line that starts a record is read again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace keysyncd::entra {

/// What surrounds the place between two records.
enum class Around : std::uint8_t { nothing = 0, wrapper = 1, wrapper_end = 2 };

/// A place where reading may start again: between records.
struct SplitPoint {
    std::uint64_t offset = 0;  ///< bytes before it
    std::uint64_t line = 1;
    bool in_list = false;  ///< inside a list at the top
    Around around = Around::nothing;
    bool operator==(const SplitPoint&) const = default;
};

struct SplitSink {
    std::function<void(std::string_view record, std::uint64_t line)> on_record;
    std::function<void(std::uint64_t line, std::string_view reason)> on_malformed;
};

class RecordSplitter {
  public:
    RecordSplitter(SplitSink sink, SplitPoint start, std::size_t largest_record = 1U << 20U);

    void feed(std::string_view bytes);

    /// No more will come: what is begun and not ended is malformed.
    void finish();

    /// Everything before was handed on.
    [[nodiscard]] const SplitPoint& resume_at() const noexcept { return resume_; }

  private:
    enum class Mode : std::uint8_t { between, record, odd_value, skip_line };

    void between(char c);
    void begin_record();
    void inside(char c);
    void end_record();
    void begin_odd_value(char c);
    void inside_odd_value(char c);
    void end_odd_value();
    void give_up(std::string_view reason);
    [[nodiscard]] std::string_view text();

    SplitSink sink_;
    std::size_t largest_;
    SplitPoint at_;      ///< of the next byte
    SplitPoint resume_;  ///< of the record or the odd value that is begun, or at_
    Mode mode_ = Mode::between;

    // Of the record that is begun.
    std::string held_;          ///< its part in earlier chunks
    std::string_view chunk_;    ///< the chunk being fed
    std::size_t position_ = 0;  ///< in chunk_
    std::size_t begun_at_ = 0;  ///< in chunk_, of what is not in held_
    std::size_t size_ = 0;      ///< over largest_: it is read to its end, but not held
    std::size_t depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
    char before_ = 0;  ///< the last character that is no white space, outside strings
    // A first-level member that might be the wrapper's list.
    bool key_expected_ = false;
    bool in_key_ = false;
    bool wrapper_key_ = false;
    std::string key_;
};

}  // namespace keysyncd::entra
