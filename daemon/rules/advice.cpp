#include "daemon/rules/advice.hpp"

namespace keysyncd::daemon {

std::string_view advice(metrics::Cause cause) noexcept {
    switch (cause) {
        case metrics::Cause::sync_stalled:
            return "No key of anyone was written lately: on the Entra Connect server look at Get-ADSyncScheduler "
                   "(SyncCycleEnabled, StagingModeEnabled, SchedulerSuspended) and at the last run's errors.";
        case metrics::Cause::protected_account:
            return "adminCount=1: AdminSDHolder takes the connector account's rights away. Grant it WP on "
                   "msDS-KeyCredentialLink on CN=AdminSDHolder,CN=System, or keep such accounts out of Hello.";
        case metrics::Cause::not_in_directory:
            return "The account is not in the directory: was it deleted or moved to a domain that is not watched?";
        case metrics::Cause::account_disabled:
            return "The account is disabled: enable it, or remove its keys in Entra.";
        case metrics::Cause::provisioning_error:
            return "Entra reports provisioning errors for the user: see onPremisesProvisioningErrors, usually a "
                   "duplicate userPrincipalName or proxyAddress.";
        case metrics::Cause::unknown:
            break;
    }
    return "Entra Connect runs, but this key is not written: look for an export error of this user in the "
           "Synchronization Service Manager, and whether its organizational unit is in the connector's scope.";
}

std::string_view advice(ldap::KeyFinding finding) noexcept {
    switch (finding) {
        case ldap::KeyFinding::source_ad:
            return "KeySource AD, where nobody registers keys on premises: find out who wrote it (events 5136, 4662).";
        case ldap::KeyFinding::unmatched:
            return "Entra does not know this key: an orphan of a removed device, or forged. Ask its owner about the "
                   "device, then take the value out of msDS-KeyCredentialLink: Entra Connect will not write it back.";
        case ldap::KeyFinding::created_after_write:
            return "It claims to be created after it was written: forged, or a clock was wrong.";
        case ldap::KeyFinding::key_hash_wrong:
            return "The value's own hash is wrong: not written by Entra Connect.";
        case ldap::KeyFinding::tool_fingerprint:
            return "The value looks as attack tools write it (shadow credentials): treat the account as taken over.";
        case ldap::KeyFinding::roca:
            return "The key is ROCA-weak (ADV190026): anyone can compute its private part. Remove it.";
        case ldap::KeyFinding::shared_key:
            return "The same key stands at another user: one of them was given it by somebody else.";
        case ldap::KeyFinding::protected_account:
            return "A key on a protected account (adminCount=1): make sure that its owner registered it.";
        case ldap::KeyFinding::disabled_account:
            return "A key on a disabled account: remove it.";
        case ldap::KeyFinding::short_lived:
            return "It was added and removed within minutes, as add-use-remove attacks do.";
    }
    return "";
}

}  // namespace keysyncd::daemon
