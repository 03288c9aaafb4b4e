#include "ldap/key_times.hpp"

namespace keysyncd::ldap {

Instant judge_creation_time(std::uint64_t raw, TimeEncoding mandated, Instant now, AnomalySet& anomalies) noexcept {
    const Instant at = read_time(raw, mandated);
    if (is_absent_time(raw, at, mandated)) {
        anomalies.add(Anomaly::creation_time_missing);
        return no_time;
    }
    const bool local_kind = mandated == TimeEncoding::dotnet_binary && from_dotnet_binary(raw).local_kind;
    anomalies.add_if(local_kind, Anomaly::creation_time_local_kind);
    for (const auto other : {TimeEncoding::filetime, TimeEncoding::dotnet_binary}) {
        if (other != mandated && is_believable_creation(read_time(raw, other), now)) {
            anomalies.add(Anomaly::creation_time_encoding);
            return at;
        }
    }
    anomalies.add_if(!local_kind, Anomaly::creation_time_out_of_range);
    return at;
}

}  // namespace keysyncd::ldap
