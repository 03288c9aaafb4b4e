"""The directory stand-in as a context: a domain of its own with users, keys and replication metadata, and its faults.

What a real Samba domain controller cannot be made to do; see directory_standin/main.cpp.
"""

import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time
import uuid

import key_blob
from lab import children
from lab.certificates import CertificateAuthority

BASE = "DC=standin,DC=test"
ACCOUNT = "svc@standin.test"
_KEY_SCHEMA = uuid.UUID("5b47d60f-6090-40b2-9f37-2a4de88f3063")
_EPOCH_OFFSET = 116444736000000000
_OPEN_TO_EVERYONE = bytes([1]) + bytes(19)  # a security descriptor without an access control list


def raw(data):
    return {"hex": bytes(data).hex()}


def generalized_time(seconds):
    return time.strftime("%Y%m%d%H%M%S.0Z", time.gmtime(seconds))


def _filetime(seconds):
    return 0 if seconds is None else seconds * 10**7 + _EPOCH_OFFSET


def metadata_binary(blob, written, deleted=None, version=1, created=None, invocation=uuid.UUID(int=7), packed=False,
                    attribute="msDS-KeyCredentialLink", dn="CN=x"):
    """DS_REPL_VALUE_META_DATA_BLOB (MS-ADTS 2.2.8), USNs aligned to 8 bytes or packed."""
    header = 80 if packed else 84
    name, target = (text.encode("utf-16-le") + b"\0\0" for text in (attribute, dn))
    at_name, at_dn = header, header + len(name)
    at_data = at_dn + len(target)
    row = struct.pack("<IIII", at_name, at_dn, len(blob), at_data)
    row += struct.pack("<QQI", _filetime(deleted), _filetime(created or written), version)
    row += struct.pack("<Q", _filetime(written)) + invocation.bytes_le
    row += b"" if packed else b"\0" * 4
    row += struct.pack("<qqI", 1234, 5678, 0)
    return row + name + target + blob


def metadata_xml(blob, written, version=1):
    """What a domain controller that refuses the binary form writes; without the value's bytes."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(written))
    return (f"<DS_REPL_VALUE_META_DATA>\n\t<pszAttributeName>msDS-KeyCredentialLink</pszAttributeName>\n"
            f"\t<pszObjectDn>CN=R&D,{BASE}</pszObjectDn>\n\t<cbData>{len(blob)}</cbData>\n"
            f"\t<ftimeDeleted>1601-01-01T00:00:00Z</ftimeDeleted>\n\t<ftimeCreated>{stamp}</ftimeCreated>\n"
            f"\t<dwVersion>{version}</dwVersion>\n\t<ftimeLastOriginatingChange>{stamp}</ftimeLastOriginatingChange>\n"
            f"\t<uuidLastOriginatingDsaInvocationID>{uuid.UUID(int=7)}</uuidLastOriginatingDsaInvocationID>\n"
            "\t<usnOriginatingChange>1</usnOriginatingChange>\n\t<usnLocalChange>1</usnLocalChange>\n"
            "\t<pszLastOriginatingDsaDN></pszLastOriginatingDsaDN>\n</DS_REPL_VALUE_META_DATA>\n\0")


def user(name, blobs=(), usn=100, changed=1_790_000_000, metadata=(), base=BASE, **attributes):
    dn = f"CN={name},{base}"
    content = {
        "objectClass": ["user"], "objectCategory": ["person"],
        "objectGUID": [raw(uuid.uuid5(uuid.NAMESPACE_X500, dn).bytes_le)],
        "objectSid": [raw(bytes.fromhex("010500000000000515000000") + struct.pack("<IIII", 1, 2, 3, usn))],
        "sAMAccountName": [name], "userPrincipalName": [f"{name}@standin.test"], "userAccountControl": ["512"],
        "whenChanged": [generalized_time(changed)], "uSNChanged": [str(usn)],
        "nTSecurityDescriptor": [raw(_OPEN_TO_EVERYONE)]}
    if blobs:
        content["msDS-KeyCredentialLink"] = [key_blob.dn_binary(blob, dn) for blob in blobs]
    if metadata:
        content["msDS-ReplValueMetaData;binary"] = [raw(row) for row in metadata]
    return {"dn": dn, "attributes": {**content, **attributes}}


class DirectoryStandin:
    def __init__(self, users, highest_usn=1000, base=BASE, certificate=None, arguments=()):
        """`certificate`: (certificate file, key file) instead of one from an authority of its own."""
        self._base = base
        self.service = f"CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,{base}"
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="keysyncd-standin-"))
        authority = CertificateAuthority(self._folder / "tls", f"CA of the stand-in {uuid.uuid4().hex[:8]}")
        certificate, key = certificate or authority.issue("dc", ["localhost"], ["127.0.0.1"])
        self.ca_file = authority.ca_file
        self.client_certificate, self.client_key = authority.issue("client", ["keysyncd"], client=True)
        self.password_file = self._folder / "password"
        self.password_file.write_text("any")
        self.password_file.chmod(0o600)
        self.invocation_id = uuid.uuid4()
        content = self._folder / "content.json"
        content.write_text(json.dumps([*self._domain(highest_usn), *users]))
        self._process = children.start(
            [os.environ["DIRECTORY_STANDIN"], certificate, key, ACCOUNT, content, *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)
        self.uri = f"ldaps://127.0.0.1:{int(self._process.stdout.readline())}"

    def _domain(self, highest_usn):
        configuration = f"CN=Configuration,{self._base}"
        schema = f"CN=Schema,{configuration}"
        return [
            {"dn": "", "attributes": {
                "highestCommittedUSN": [str(highest_usn)], "currentTime": [generalized_time(time.time())],
                "dsServiceName": [self.service], "defaultNamingContext": [self._base], "schemaNamingContext": [schema],
                "dnsHostName": ["localhost"], "supportedControl": ["1.2.840.113556.1.4.319", "1.2.840.113556.1.4.841"]}},
            {"dn": self._base, "attributes": {"objectSid": [raw(bytes.fromhex("010400000000000515000000010000000200000003"
                                                                        "000000"))]}},
            {"dn": self.service, "attributes": {"invocationId": [raw(self.invocation_id.bytes_le)]}},
            {"dn": schema, "attributes": {}},
            {"dn": f"CN=ms-DS-Key-Credential-Link,{schema}", "attributes": {
                "lDAPDisplayName": ["msDS-KeyCredentialLink"], "schemaIDGUID": [raw(_KEY_SCHEMA.bytes_le)]}}]

    def command(self, **command):
        self._process.stdin.write(json.dumps(command) + "\n")
        return json.loads(self._process.stdout.readline())

    def fault(self, **faults):
        """Replaces all faults; none at all mends the stand-in."""
        self.command(faults=faults)

    def end_sessions(self, how="cut"):
        """The connections that are there end at their next request: "cut", or by a "notice" of disconnection."""
        self.command(end_sessions=how)

    def set(self, dn, attribute, *values):
        self.command(set={"dn": dn, "attribute": attribute, "values": list(values)})

    def restore(self, highest_usn):
        """A database that was brought back from a backup."""
        self.invocation_id = uuid.uuid4()
        self.set(self.service, "invocationId", raw(self.invocation_id.bytes_le))
        self.commit(highest_usn)

    def commit(self, highest_usn):
        self.set("", "highestCommittedUSN", str(highest_usn))

    def has_received(self, **usn_by_origin):
        """Its up-to-dateness vector, as {invocation id as hex: USN}."""
        vector = struct.pack("<IIII", 2, 0, len(usn_by_origin), 0)
        for origin, usn in usn_by_origin.items():
            vector += uuid.UUID(origin).bytes_le + struct.pack("<QQ", usn, 0)
        self.set(self._base, "replUpToDateVector", raw(vector))

    def doings(self):
        """What clients have done since the last call: "connect", "bind", and of a search "BASE ? ATTRIBUTES"."""
        return self.command(log=True)

    def searches(self):
        """The searches among them: base, then the attributes asked for."""
        return [line for line in self.doings() if " ?" in line]

    def close(self):
        children.kill(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()
