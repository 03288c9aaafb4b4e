// The decode command as a whole: raw lines, LDIF, hexadecimal, base64, and both forms of output.
#include <boost/json.hpp>
#include <sstream>

#include "daemon/decode/decode_command.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace keysyncd;
using keysyncd::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input{fuzz::text_of(data, size)};
    for (const auto format : {daemon::DecodeFormat::json, daemon::DecodeFormat::text}) {
        std::istringstream in{input};
        std::ostringstream out;
        std::ostringstream err;
        const int exit_code = daemon::run_decode("-", format, in, out, err, fuzz::now);
        require(exit_code == (err.str().empty() ? 0 : 1), "the exit code tells whether something was wrong");
        std::istringstream lines{out.str()};
        for (std::string line; std::getline(lines, line);) {
            for (const char c : line) {
                require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "the output has no control characters");
            }
            boost::system::error_code error;
            require(format == daemon::DecodeFormat::text || boost::json::parse(line, error).is_object(),
                    "every line of JSON is an object");
        }
    }
    return 0;
}
