// What the operator wrote, as typed values: one struct a section of the YAML file, every default in place.
// Plain data, safe to copy and to read from any thread. Loading and its errors: config/loader.hpp.
// A secret is never a value here: only the path of the file that holds it (config/secret_file.hpp reads it).
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace keysyncd::config {

using std::chrono::seconds;
using Path = std::filesystem::path;

enum class BindMethod { simple, gssapi, external };

/// How a directory server is told who we are. Empty strings and paths mean "not given".
struct BindSettings {
    BindMethod method = BindMethod::simple;
    std::string dn;         ///< simple: DN, UPN or DOMAIN\user
    Path password_file;     ///< simple
    Path keytab;            ///< gssapi
    std::string principal;  ///< gssapi: user@REALM
    bool operator==(const BindSettings&) const = default;
};

struct TlsSettings {
    Path ca_file;            ///< PEM; empty: the system's store
    bool start_tls = false;  ///< StartTLS on ldap:// servers
    Path certificate_file;   ///< PEM, for bind.method: external
    Path key_file;
    bool operator==(const TlsSettings&) const = default;
};

/// What is not called suspicious about keys in this forest.
struct FindingSettings {
    /// Keys are registered on premises (AD FS): KeySource AD is normal here.
    bool keys_registered_on_premises = false;
    std::vector<std::string> ignore;  ///< names of findings (ldap/key_findings.hpp) that are not looked for
    bool operator==(const FindingSettings&) const = default;
};

enum class ChangeTracking { automatic, usn, dirsync };

struct DomainSettings {
    std::string name;                  ///< DNS name, lower case; the metrics' label
    std::vector<std::string> servers;  ///< ldap:// or ldaps:// URLs, in order of preference
    bool discover = false;             ///< find servers by DNS SRV
    std::string site;                  ///< Active Directory site for discovery
    std::string base_dn;               ///< empty: the DC's defaultNamingContext
    BindSettings bind;
    TlsSettings tls;
    std::string filter;  ///< LDAP filter ANDed to every user search
    ChangeTracking change_tracking = ChangeTracking::automatic;
    seconds poll_interval{60};
    seconds full_sweep_interval{12 * 3600};
    std::vector<std::string> observe_servers;
    FindingSettings findings;
    bool operator==(const DomainSettings&) const = default;
};

struct ClientSecret {
    Path secret_file;
    bool operator==(const ClientSecret&) const = default;
};
/// How a client assertion is signed: PS256, unless the token endpoint knows nothing newer than RS256.
enum class AssertionAlgorithm { ps256, rs256 };

struct ClientCertificate {
    Path certificate_file;  ///< PEM or PKCS#12
    Path key_file;          ///< PEM; empty when the certificate file holds the key
    Path password_file{};   ///< of an encrypted key or a PKCS#12 store
    AssertionAlgorithm algorithm = AssertionAlgorithm::ps256;
    bool operator==(const ClientCertificate&) const = default;
};
struct FederatedToken {
    Path token_file;  ///< re-read at each token request
    bool operator==(const FederatedToken&) const = default;
};
struct ManagedIdentity {
    std::string client_id;  ///< empty: the system-assigned identity
    bool operator==(const ManagedIdentity&) const = default;
};
using Credential = std::variant<ClientSecret, ClientCertificate, FederatedToken, ManagedIdentity>;

enum class Cloud { global, usgov, usgov_dod, china };
enum class RegistrationSource { audit, report };

/// Names of the audit activities that mean a registration or its end. Microsoft renames them now and then.
struct AuditActivities {
    std::vector<std::string> ngc_added{"Add Windows Hello for Business credential"};
    std::vector<std::string> ngc_deleted{"Delete Windows Hello for Business credential"};
    std::vector<std::string> fido_added{"Add FIDO2 security key", "Add Passkey (device-bound)",
                                        "Add Passkey (device-bound) security key"};
    std::vector<std::string> fido_deleted{"Delete FIDO2 security key(s)", "Delete FIDO2 security key",
                                          "Delete Passkey (device-bound)",
                                          "Delete Passkey (device-bound) security key"};
    bool operator==(const AuditActivities&) const = default;
};

struct EntraSettings {
    std::string tenant_id;
    std::string client_id;
    Credential credential;
    Cloud cloud = Cloud::global;
    std::string authority_url;  ///< https origin of the token endpoint; empty: the cloud's
    std::string graph_url;      ///< https origin of Microsoft Graph; empty: the cloud's
    std::string proxy;          ///< empty: HTTPS_PROXY and NO_PROXY
    Path proxy_password_file;
    Path ca_file;
    seconds poll_interval{60};
    seconds lookback{24 * 3600};
    seconds overlap{2 * 3600};
    RegistrationSource registrations = RegistrationSource::audit;
    AuditActivities activities;
    std::vector<std::string> audit_files;  ///< paths or globs
    /// Requests to Graph's reports family in 10 s. Five is what Microsoft allows an application in a tenant: replicas
    /// with the same client_id share them.
    int reports_limit = 5;

    /// False where only exported audit logs are read: no tenant, client or credential is given then.
    [[nodiscard]] bool uses_graph() const noexcept { return !tenant_id.empty(); }

    bool operator==(const EntraSettings&) const = default;
};

struct SyncSettings {
    seconds cycle{30 * 60};
    seconds grace{5 * 60};
    seconds overdue_after{65 * 60};  ///< where not given: two cycles and the grace
    bool operator==(const SyncSettings&) const = default;
};

struct LedgerSettings {
    Path path = "/var/lib/keysyncd/ledger.db";
    seconds retention{90 * 86400};
    bool operator==(const LedgerSettings&) const = default;
};

enum class UserNames { full, hashed };

struct Settings {
    std::vector<DomainSettings> domains;
    std::optional<EntraSettings> entra;
    SyncSettings sync;
    LedgerSettings ledger;
    UserNames user_names = UserNames::full;

    [[nodiscard]] bool uses_graph() const noexcept { return entra && entra->uses_graph(); }
    [[nodiscard]] bool uses_audit_files() const noexcept { return entra && !entra->audit_files.empty(); }

    bool operator==(const Settings&) const = default;
};

}  // namespace keysyncd::config
