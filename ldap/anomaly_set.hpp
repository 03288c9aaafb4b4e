// Anomalies while they are being collected: a bit each, so that decoding a value costs no allocation for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ldap/key_credential.hpp"

namespace keysyncd::ldap {

class AnomalySet {
  public:
    void add(Anomaly anomaly) noexcept { bits_ |= bit(anomaly); }
    void add_if(bool condition, Anomaly anomaly) noexcept { bits_ |= condition ? bit(anomaly) : 0U; }
    [[nodiscard]] bool has(Anomaly anomaly) const noexcept { return (bits_ & bit(anomaly)) != 0; }

    /// In the order of the enumeration.
    [[nodiscard]] std::vector<Anomaly> to_vector() const {
        std::vector<Anomaly> anomalies;
        for (std::uint32_t rest = bits_, i = 0; rest != 0; rest >>= 1U, ++i) {
            if ((rest & 1U) != 0) {
                anomalies.push_back(static_cast<Anomaly>(i));
            }
        }
        return anomalies;
    }

  private:
    static constexpr std::uint32_t bit(Anomaly anomaly) noexcept { return 1U << static_cast<unsigned>(anomaly); }
    std::uint32_t bits_ = 0;
};

}  // namespace keysyncd::ldap
