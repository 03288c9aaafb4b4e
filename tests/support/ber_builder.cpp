#include "tests/support/ber_builder.hpp"

namespace keysyncd::testing {
namespace {

constexpr unsigned char sequence = 0x30;
constexpr unsigned char set = 0x31;
constexpr unsigned char octet_string = 0x04;

}  // namespace

std::string ber_element(unsigned char tag, std::string_view content) {
    std::string element(1, static_cast<char>(tag));
    if (content.size() < 0x80) {
        element += static_cast<char>(content.size());
    } else {
        element += static_cast<char>(0x84);
        for (unsigned shift = 32; shift > 0; shift -= 8) {
            element += static_cast<char>((content.size() >> (shift - 8)) & 0xFFU);
        }
    }
    return element.append(content);
}

std::string partial_attribute(std::string_view name, std::initializer_list<std::string_view> values) {
    std::string all;
    for (const std::string_view value : values) {
        all += ber_element(octet_string, value);
    }
    return ber_element(sequence, ber_element(octet_string, name) + ber_element(set, all));
}

}  // namespace keysyncd::testing
