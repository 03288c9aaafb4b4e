"""What administrators, and Entra Connect, do to the directory: over LDAPS, as a real client (python3-ldap).

Keys are given and returned as the bytes of the blob; the directory wraps them as B:<hex digits>:<HEX>:<DN>.
"""

import base64
import datetime
import re
import struct
import subprocess

import ldap
import ldap.filter
import ldap.modlist

KEY_ATTRIBUTE = "msDS-KeyCredentialLink"
_PAGE = 500


class Connection:
    """An LDAPS bind as one account; opened again when the server has been restarted meanwhile."""

    def __init__(self, uri, ca_file, bind_dn, password, timeout=20):
        self._uri, self._ca_file, self._bind_dn, self._password, self._timeout = (
            uri, str(ca_file), bind_dn, password, timeout)
        self._ldap = None

    def call(self, method, *arguments):
        return self._with_connection(lambda connection: getattr(connection, method)(*arguments))

    def _with_connection(self, work):
        for attempt in (1, 2):
            if self._ldap is None:
                self._ldap = self._bind()
            try:
                return work(self._ldap)
            except (ldap.SERVER_DOWN, ldap.CONNECT_ERROR):
                self._ldap = None
                if attempt == 2:
                    raise

    def close(self):
        if self._ldap is not None:
            try:
                self._ldap.unbind_s()
            except ldap.LDAPError:
                pass
            self._ldap = None

    def _bind(self):
        connection = ldap.initialize(self._uri)
        connection.set_option(ldap.OPT_REFERRALS, 0)
        connection.set_option(ldap.OPT_TIMEOUT, self._timeout)
        connection.set_option(ldap.OPT_X_TLS_CACERTFILE, self._ca_file)
        connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
        connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        connection.simple_bind_s(self._bind_dn, self._password)
        return connection

    def search(self, base, scope=ldap.SCOPE_SUBTREE, filter="(objectClass=*)", attributes=None):
        """[(dn, {attribute: [bytes]})], paged; referrals left out."""
        return self._with_connection(lambda connection: self._search(connection, base, scope, filter, attributes))

    def _search(self, connection, base, scope, filter, attributes):
        found, control = [], ldap.controls.SimplePagedResultsControl(True, _PAGE, "")
        while True:
            message = connection.search_ext(base, scope, filter, attributes, 0, [control])
            _, entries, _, controls = connection.result3(message, all=1, timeout=self._timeout)
            found += [(dn, values) for dn, values in entries if dn]
            cookie = next((c.cookie for c in controls if c.controlType == control.controlType), b"")
            if not cookie:
                return found
            control.cookie = cookie


class Directory:
    """Users and keys of one domain. `connector` is bound like Entra Connect's account: it may write keys, not users."""

    def __init__(self, administrator, connector, base_dn, people_dn):
        self._administrator, self._connector = administrator, connector
        self.base_dn, self.people_dn = base_dn, people_dn
        self.realm = ".".join(re.findall(r"DC=([^,]+)", base_dn))

    def dn_of(self, name, parent=None):
        return f"CN={ldap.dn.escape_dn_chars(name)},{parent or self.people_dn}"

    def add_user(self, name, parent=None, **attributes):
        """Creates an enabled user and returns the DN. Further attributes as keywords, for example adminCount="1"."""
        values = {"objectClass": ["user"], "sAMAccountName": [name],
                  "userPrincipalName": [f"{name}@{self.realm}"], "displayName": [name],
                  # enabled, no password needed, never expires: nobody signs in as them
                  "userAccountControl": [str(0x200 | 0x20 | 0x10000)]}
        values.update({key: [str(value)] for key, value in attributes.items()})
        dn = self.dn_of(name, parent)
        encoded = {key: [v.encode() for v in value] for key, value in values.items()}
        self._administrator.call("add_s", dn, ldap.modlist.addModlist(encoded))
        return dn

    def add_organizational_unit(self, name, parent=None):
        dn = f"OU={ldap.dn.escape_dn_chars(name)},{parent or self.base_dn}"
        self._administrator.call("add_s", dn, [("objectClass", [b"organizationalUnit"])])
        return dn

    def delete_user(self, dn):
        self._administrator.call("delete_s", dn)

    def rename_user(self, dn, new_name, new_parent=None, logon_name=None):
        """New common name, optionally a new parent, new logon names; returns the new DN."""
        parent = new_parent or ldap.dn.dn2str(ldap.dn.str2dn(dn)[1:])
        self._administrator.call("rename_s", dn, f"CN={ldap.dn.escape_dn_chars(new_name)}", parent)
        new_dn = self.dn_of(new_name, parent)
        logon_name = logon_name or new_name
        self.set_attributes(new_dn, sAMAccountName=logon_name, userPrincipalName=f"{logon_name}@{self.realm}")
        return new_dn

    def set_attributes(self, dn, **attributes):
        """Replaces attributes; None removes one. Values: text, bytes, numbers or lists of them."""
        changes = []
        for key, value in attributes.items():
            values = [] if value is None else value if isinstance(value, (list, tuple)) else [value]
            encoded = [v if isinstance(v, bytes) else str(v).encode() for v in values]
            changes.append((ldap.MOD_REPLACE, key, encoded or None))
        self._administrator.call("modify_s", dn, changes)

    def protect_user(self, dn):
        """What AdminSDHolder does to members of privileged groups: adminCount=1, and no inherited rights, so that the
        connector can no longer write their keys (error 50)."""
        self.set_attributes(dn, adminCount=1, nTSecurityDescriptor=_protected_descriptor())

    def block_inheritance(self, dn):
        """"Disable inheritance" on an organizational unit: its users are still found by everyone, but what is granted
        on the domain, reading their keys for one, does not reach them. For users that are created from now on."""
        self.set_attributes(dn, nTSecurityDescriptor=_descriptor(
            "O:BAG:BAD:P(A;CI;GA;;;BA)(A;CI;GA;;;SY)(A;;RPLCLORC;;;AU)"))

    def add_key(self, dn, blob, as_administrator=False):
        """Adds a key as the connector does. Raises ldap.INSUFFICIENT_ACCESS where AdminSDHolder protects the user and
        ldap.TYPE_OR_VALUE_EXISTS where the key is there already."""
        self.change_keys(dn, [blob], as_administrator=as_administrator)

    def remove_key(self, dn, blob, as_administrator=False):
        self.change_keys(dn, removed=[blob], as_administrator=as_administrator)

    def change_keys(self, dn, added=(), removed=(), as_administrator=False):
        """All changes to one user's keys in one operation, as Connect exports them: one uSNChanged, one whenChanged."""
        changes = [(operation, KEY_ATTRIBUTE, [f"B:{2 * len(blob)}:{blob.hex().upper()}:{dn}".encode() for blob in blobs])
                   for operation, blobs in ((ldap.MOD_DELETE, removed), (ldap.MOD_ADD, added)) if blobs]
        account = self._administrator if as_administrator else self._connector
        account.call("modify_s", dn, changes)

    def find_by_sid(self, sid):
        """The DN of the user with that SID as text, as the connector sees it; None when there is none."""
        try:
            return self._connector.search(f"<SID={sid}>", ldap.SCOPE_BASE, attributes=["cn"])[0][0]
        except (ldap.NO_SUCH_OBJECT, IndexError):
            return None

    def search(self, filter="(objectClass=*)", attributes=None, base=None, scope=ldap.SCOPE_SUBTREE):
        return self._administrator.search(base or self.base_dn, scope, filter, attributes)

    def read(self, dn, *attributes):
        """{attribute: [bytes]} of one object."""
        return self._administrator.search(dn, ldap.SCOPE_BASE, attributes=list(attributes) or None)[0][1]

    def when_changed(self, dn):
        """Seconds since 1970. On the only domain controller this is the time of the last originating change."""
        text = self.read(dn, "whenChanged")["whenChanged"][0].decode()
        return int(datetime.datetime.strptime(text, "%Y%m%d%H%M%S.0Z")
                   .replace(tzinfo=datetime.timezone.utc).timestamp())

    def identity(self, dn):
        """(SID as text, immutable id): what Entra Connect copies to the user's Entra object."""
        values = self.read(dn, "objectGUID", "objectSid")
        return sid_text(values["objectSid"][0]), base64.b64encode(values["objectGUID"][0]).decode()

    def keys(self, dn):
        """Blobs now on the user, in no particular order."""
        return [bytes.fromhex(value.split(b":", 3)[2].decode()) for value in
                self.read(dn, KEY_ATTRIBUTE).get(KEY_ATTRIBUTE, [])]

    def close(self):
        self._administrator.close()
        self._connector.close()


def sid_text(raw):
    """S-1-5-21-... of a binary SID: revision, count, 48 bits of authority, then 32-bit sub-authorities."""
    authority = int.from_bytes(raw[2:8], "big")
    parts = struct.unpack_from(f"<{raw[1]}I", raw, 8)
    return "-".join(["S", str(raw[0]), str(authority), *map(str, parts)])


class KeyWrite:
    """One row of the oracle: the replication data of one value, whole seconds since 1970."""

    def __init__(self, dn, blob, components):
        self.dn, self.blob = dn, blob
        self.added_at = _seconds(components["RMD_ADDTIME"])
        self.changed_at = _seconds(components["RMD_CHANGETIME"])
        self.version = int(components["RMD_VERSION"])
        self.originating_usn = int(components["RMD_ORIGINATING_USN"])
        self.invocation_id = components["RMD_INVOCID"]
        self.deleted = bool(int(components.get("RMD_FLAGS", 0)) & 1)

    def __repr__(self):
        return f"KeyWrite({self.dn}, {len(self.blob)} bytes, added {self.added_at}, deleted {self.deleted})"


def read_key_writes(smb_conf, sam_ldb, base, whole_tree):
    """The true write time of every key value, deleted ones included, which no client can see over LDAP."""
    result = subprocess.run(
        ["ldbsearch", f"--configfile={smb_conf}", "-H", str(sam_ldb), "--reveal", "--extended-dn", "-b", base,
         "-s", "sub" if whole_tree else "base", f"({KEY_ATTRIBUTE}=*)" if whole_tree else "(objectClass=*)",
         KEY_ATTRIBUTE], capture_output=True, text=True, check=True)
    writes = []
    for line in result.stdout.replace("\n ", "").splitlines():
        if line.startswith(f"{KEY_ATTRIBUTE}:: "):
            line = f"{KEY_ATTRIBUTE}: " + base64.b64decode(line.split(":: ", 1)[1]).decode()
        if line.startswith(f"{KEY_ATTRIBUTE}: "):
            _, _, digits, target = line.split(": ", 1)[1].split(":", 3)
            components = dict(re.findall(r"<(RMD_\w+)=([^>]*)>", target))
            dn = re.sub(r"^(?:<[^>]*>;)*", "", target)
            writes.append(KeyWrite(dn, bytes.fromhex(digits), components))
    return writes


def _seconds(windows_time):
    return int(windows_time) // 10_000_000 - 11_644_473_600


def _protected_descriptor():
    # Administrators and the system have full control, everyone signed in may read, nothing is inherited.
    return _descriptor("O:BAG:BAD:P(A;;GA;;;BA)(A;;GA;;;SY)(A;;RPRCLCLORC;;;AU)")


def _descriptor(sddl):
    from samba.dcerpc import security
    from samba.ndr import ndr_pack

    return ndr_pack(security.descriptor.from_sddl(sddl, security.dom_sid("S-1-5-32")))
