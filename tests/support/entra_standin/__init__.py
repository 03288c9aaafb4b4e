"""A stand-in for Microsoft Entra ID and Microsoft Graph, for tests and the demo: HTTPS on loopback, nothing but the
standard library (and the openssl command for its throw-away certificates).

What it serves (types as in Graph v1.0)
    POST /{tenant}/oauth2/v2.0/token                 client_credentials
    GET  /v1.0/auditLogs/directoryAudits             $filter, $orderby, $top, @odata.nextLink
    GET  /v1.0/users/{id|upn}                        $select
    GET  /v1.0/organization                          $select
    GET  /v1.0/users/{id|upn}/authentication/windowsHelloForBusinessMethods, fido2Methods
    GET  /v1.0/reports/authenticationMethods/userRegistrationDetails
    GET  /v1.0/directory/onPremisesSynchronization
    POST /v1.0/$batch

In a test, in the same process
    from entra_standin import EntraStandin
    with EntraStandin(state_dir) as entra:           # starts its threads; state_dir gets ca.pem, secret, state.json
        entra.url, entra.ca_file, entra.secret_file, entra.tenant_id, entra.client_id
        user = entra.tenant.add_user("jane@corp.test", sid="S-1-5-21-...", immutable_id="base64",
                                     sam="jane", domain="corp.test", dn="CN=...")
        key = entra.tenant.register_key(user["id"])  # an audit event appears; the key waits for Connect
        entra.requests                               # what was asked: [{"at", "method", "target", "endpoint", "status"}]
        entra.configuration()                        # the `entra:` section for keysyncd's YAML, as a dict

From the command line (prints one JSON line: url, control_url, ca_file, secret_file, tenant_id, client_id, pid)
    PYTHONPATH=tests/support /usr/bin/python3 -m entra_standin --port 0 --control-port 0 --state-dir DIR
  Then, from another process (every public method of Tenant and Faults by name):
    from entra_standin.control import Control
    entra = Control(control_url)
    entra.add_user(...); entra.register_key(...); entra.pending_exports()

The Connect simulator's side, once a cycle
    for change in entra.pending_exports():           # [{"operation": "add"|"remove", "key_id", "usage", "blob" (hex,
        ...                                          #   without KeyHash), "registered_at", "user": {...}}], oldest first
        value = key_blob.dn_binary(key_blob.with_key_hash(bytes.fromhex(change["blob"])), dn)
        entra.confirm_export(change["key_id"], change["operation"])
    entra.mark_synced()                              # organization.onPremisesLastSyncDateTime, now or `at`

The audit log as files, beside or instead of Graph: exports.py (Exporter).
Other credentials: assertions.py (certificates, workload identity), metadata.py (managed identities).

Times go in as RFC 3339 text or integer ticks (100 ns since 1970), and come out as text with seven digits.
Misbehaviour on request: see faults.py. State survives a restart when the same state_dir is given (state.json).
"""

from .server import EntraStandin

__all__ = ["EntraStandin"]
