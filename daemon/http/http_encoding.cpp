#include "daemon/http/http_encoding.hpp"

#include <zlib.h>

#include <boost/url/grammar/ci_string.hpp>
#include <new>
#include <stdexcept>

namespace keysyncd::daemon {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
    const auto begin = text.find_first_not_of(" \t");
    return begin == std::string_view::npos ? std::string_view{}
                                           : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// "q=0", "q=0.", "q=0.000": not acceptable.
bool is_refused(std::string_view parameters) noexcept {
    parameters = trimmed(parameters);
    if (!parameters.starts_with("q=") && !parameters.starts_with("Q=")) {
        return false;
    }
    return parameters.substr(2).find_first_not_of("0.") == std::string_view::npos;
}

class Deflater {
  public:
    Deflater() {
        constexpr int gzip_format = 15 + 16;
        // The fastest level: a scrape waits for it, and the text is repetitive enough to shrink tenfold all the same.
        if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_format, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
            throw std::bad_alloc();
        }
    }
    ~Deflater() { deflateEnd(&stream); }
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;

    z_stream stream{};
};

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) noexcept {
    bool any = false;
    while (!accept_encoding.empty()) {
        const auto comma = std::min(accept_encoding.find(','), accept_encoding.size());
        const std::string_view item = accept_encoding.substr(0, comma);
        accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
        const auto semicolon = std::min(item.find(';'), item.size());
        const std::string_view coding = trimmed(item.substr(0, semicolon));
        const bool wanted = !is_refused(item.substr(std::min(semicolon + 1, item.size())));
        if (boost::urls::grammar::ci_is_equal(coding, "gzip")) {
            return wanted;
        }
        any = any || (coding == "*" && wanted);
    }
    return any;
}

std::string gzip(std::string_view text) {
    Deflater deflater;
    z_stream& stream = deflater.stream;
    std::string out(deflateBound(&stream, text.size()), '\0');
    // zlib's interface is not const-correct; it does not write to its input.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) {
        throw std::runtime_error("gzip: the output did not fit its own bound");
    }
    out.resize(stream.total_out);
    return out;
}

}  // namespace keysyncd::daemon
