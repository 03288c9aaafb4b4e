// What this folder needs of X.509: when a certificate runs out, and where the system keeps its authorities. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

struct asn1_string_st;

namespace keysyncd::ldap {

/// Debian's bundle of the system's trusted authorities (package ca-certificates).
inline constexpr std::string_view system_ca_file = "/etc/ssl/certs/ca-certificates.crt";

/// Of a DER certificate; std::nullopt when it is none.
[[nodiscard]] std::optional<std::chrono::sys_seconds> expiry_of_certificate(std::span<const std::byte> der);

/// Of OpenSSL's ASN1_TIME.
[[nodiscard]] std::optional<std::chrono::sys_seconds> to_sys_seconds(const asn1_string_st* time);

}  // namespace keysyncd::ldap
