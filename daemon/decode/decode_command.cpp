#include "daemon/decode/decode_command.hpp"

#include <fmt/format.h>

#include <sstream>

#include "daemon/decode/decode_input.hpp"
#include "daemon/decode/decode_output.hpp"
#include "daemon/decode/decode_value.hpp"

namespace keysyncd::daemon {
namespace {

std::string describe(const InputValue& value, const DecodeFailure& failure) {
    return fmt::format("value {} (line {}), byte {} of the {}: {}\n", value.number, value.line, failure.offset,
                       failure.in_blob ? "blob" : "text", failure.reason);
}

}  // namespace

int run_decode(std::string_view value, DecodeFormat format, std::istream& in, std::ostream& out, std::ostream& err,
               ldap::Instant now) {
    std::istringstream argument{value == "-" ? std::string{} : std::string{value}};
    DecodeInput input{value == "-" ? in : argument};
    std::size_t values = 0;
    std::size_t failures = 0;
    while (const auto next = input.next()) {
        ++values;
        if (const auto decoded = decode_value(*next, now)) {
            if (format == DecodeFormat::json) {
                out << to_json_line(*decoded);
            } else {
                out << (values - failures > 1 ? "\n" : "") << to_text(*decoded, next->number);
            }
        } else {
            ++failures;
            err << describe(*next, decoded.error());
        }
        if (!out) {
            break;
        }
    }
    out.flush();
    if (!out) {
        err << "the output could not be written\n";
        return 1;
    }
    if (values == 0) {
        err << "no value found: expected DN-Binary (B:<count>:<hexadecimal>:<DN>), hexadecimal, base64 or LDIF\n";
        return 1;
    }
    return failures == 0 ? 0 : 1;
}

}  // namespace keysyncd::daemon
