// Names of the single values in the ledger's table `meta`: each is written in one place and read in others, some of
// them by a connection of its own. They are on disk: never rename one.
#pragma once

#include <string_view>

namespace keysyncd::daemon::meta_name {

inline constexpr std::string_view stopped_cleanly = "stopped_cleanly";
inline constexpr std::string_view audit_read_until = "audit_read_until";
inline constexpr std::string_view audit_files_since = "audit_files_since";  ///< when they were read first
inline constexpr std::string_view entra_last_sync = "entra_last_sync";      ///< the tenant's, in ticks; 0: none is told
inline constexpr std::string_view entra_last_password_sync = "entra_last_password_sync";
inline constexpr std::string_view entra_organization_read_at = "entra_organization_read_at";
inline constexpr std::string_view entra_sync_enabled = "entra_sync_enabled";  ///< like the next three: 0, 1, or no row
inline constexpr std::string_view entra_password_sync = "entra_password_sync";
inline constexpr std::string_view entra_device_writeback = "entra_device_writeback";
inline constexpr std::string_view entra_user_writeback = "entra_user_writeback";
inline constexpr std::string_view method_proof = "method_proof";  ///< a MethodProof
inline constexpr std::string_view malformed_graph_records = "malformed_graph_records";
inline constexpr std::string_view malformed_file_records = "malformed_file_records";
inline constexpr std::string_view registration_gap = "registration_gap";  ///< lost audit log so far, in ticks
inline constexpr std::string_view wanted_findings = "wanted_findings.";   ///< and the domain's id: bits of the findings

// Of the table `texts`.
inline constexpr std::string_view scope = "scope.";  ///< and the domain's id: base_dn and filter of its passes so far

}  // namespace keysyncd::daemon::meta_name
