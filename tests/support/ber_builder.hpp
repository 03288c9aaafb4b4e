// Encodes what a directory answers, as little of it as the tests need.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace keysyncd::testing {

/// A BER element (X.690 8.1) with a definite length.
[[nodiscard]] std::string ber_element(unsigned char tag, std::string_view content);
/// PartialAttribute (RFC 4511 4.1.7).
[[nodiscard]] std::string partial_attribute(std::string_view name, std::initializer_list<std::string_view> values);

}  // namespace keysyncd::testing
