"""A million users in OpenLDAP's slapd, under Active Directory's attribute names: no domain controller on one machine
holds so many, and slapd is a server that nobody calls slow. It knows none of Active Directory's controls but paging."""

import base64
import hashlib
import os
import pathlib
import struct
import subprocess
import time

import key_blob
import ldap
from lab import children
from lab.addresses import free_port
from lab.certificates import CertificateAuthority
from lab.errors import LabError

BASE = "DC=bench,DC=test"
BIND_DN, PASSWORD = f"CN=reader,{BASE}", "only-for-the-benchmark"
_SETTINGS = f"CN=NTDS Settings,{BASE}"
_OCTETS, _TEXT, _INTEGER, _TIME = (f"1.3.6.1.4.1.1466.115.121.1.{n}" for n in (40, 15, 27, 24))
_ATTRIBUTES = (  # name, OID, syntax, matching
    ("objectGUID", "1.2.840.113556.1.4.2", _OCTETS, "EQUALITY octetStringMatch"),
    ("objectSid", "1.2.840.113556.1.4.146", _OCTETS, "EQUALITY octetStringMatch"),
    ("invocationId", "1.2.840.113556.1.2.115", _OCTETS, "EQUALITY octetStringMatch"),
    ("mS-DS-ConsistencyGuid", "1.2.840.113556.1.4.1360", _OCTETS, "EQUALITY octetStringMatch"),
    ("msDS-KeyCredentialLink", "1.2.840.113556.1.4.2328", _OCTETS, ""),
    ("objectCategory", "1.2.840.113556.1.4.782", _TEXT, "EQUALITY caseIgnoreMatch"),
    ("sAMAccountName", "1.2.840.113556.1.4.221", _TEXT, "EQUALITY caseIgnoreMatch"),
    ("userPrincipalName", "1.2.840.113556.1.4.656", _TEXT, "EQUALITY caseIgnoreMatch"),
    ("isDeleted", "1.2.840.113556.1.2.48", _TEXT, "EQUALITY caseIgnoreMatch"),
    ("defaultNamingContext", "1.3.6.1.4.1.55555.1.1", _TEXT, "EQUALITY caseIgnoreMatch"),
    ("schemaNamingContext", "1.3.6.1.4.1.55555.1.2", _TEXT, "EQUALITY caseIgnoreMatch"),
    ("dsServiceName", "1.3.6.1.4.1.55555.1.3", _TEXT, "EQUALITY caseIgnoreMatch"),
    ("dnsHostName", "1.3.6.1.4.1.55555.1.4", _TEXT, "EQUALITY caseIgnoreMatch"),
    ("highestCommittedUSN", "1.3.6.1.4.1.55555.1.5", _INTEGER, "EQUALITY integerMatch"),
    ("currentTime", "1.3.6.1.4.1.55555.1.6", _TIME, "EQUALITY generalizedTimeMatch"),
    ("lDAPDisplayName", "1.2.840.113556.1.2.460", _TEXT, "EQUALITY caseIgnoreMatch"),
    ("schemaIDGUID", "1.2.840.113556.1.4.148", _OCTETS, "EQUALITY octetStringMatch"),
    ("searchFlags", "1.2.840.113556.1.2.334", _INTEGER, "EQUALITY integerMatch"),
    ("uSNChanged", "1.2.840.113556.1.2.120", _INTEGER, "EQUALITY integerMatch ORDERING integerOrderingMatch"),
    ("adminCount", "1.2.840.113556.1.4.150", _INTEGER, "EQUALITY integerMatch"),
    ("userAccountControl", "1.2.840.113556.1.4.8", _INTEGER, "EQUALITY integerMatch"),
    ("whenChanged", "1.2.840.113556.1.2.3", _TIME, "EQUALITY generalizedTimeMatch"),
)


class SlapdEstate:
    def __init__(self, folder, users):
        self.folder, self.users = pathlib.Path(folder), users
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority = CertificateAuthority(self.folder / "tls", "CA of the benchmark")
        self.ca_file = self.authority.ca_file
        self._certificate = self.authority.issue("slapd", ["localhost"], ["127.0.0.1"])
        self.uri = f"ldaps://127.0.0.1:{free_port()}"
        self.password_file = self.folder / "password"
        self.password_file.touch(0o600)
        self.password_file.write_text(PASSWORD)  # without a line end: ldapsearch -y takes the whole file
        self.highest_usn = users
        self._process = None

    def load(self):
        """Writes the configuration and fills the database; returns how long slapadd took."""
        (self.folder / "db").mkdir()
        self._write_configuration()
        self._write_root_dse()
        begun = time.monotonic()
        loader = subprocess.Popen(["slapadd", "-q", "-f", self.folder / "slapd.conf"], stdin=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        try:
            for part in _entries(self.users):
                loader.stdin.write(part)
            loader.stdin.close()
        except BrokenPipeError:
            pass
        errors = loader.stderr.read().decode()
        if loader.wait() != 0:
            raise LabError(f"slapadd failed: {errors[-500:]}")
        return time.monotonic() - begun

    def start(self):
        self._write_root_dse()
        with open(self.folder / "slapd.log", "ab") as log:
            self._process = children.start(["slapd", "-d", "0", "-f", self.folder / "slapd.conf", "-h", self.uri],
                                           stdout=log, stderr=log)
        if not children.wait_until(self._answers, 60):
            raise LabError(f"slapd does not answer: see {self.folder}/slapd.log")

    def stop(self):
        if self._process:
            children.end(self._process, grace=60)
            self._process = None

    def change(self, count):
        """So many users get a new uSNChanged, as after a change of theirs. slapd is started again with a higher
        highestCommittedUSN, which it cannot count by itself."""
        connection = self._connect()
        for number in range(0, self.users, max(1, self.users // count)):
            self.highest_usn += 1
            connection.modify_s(_dn(number), [(ldap.MOD_REPLACE, "uSNChanged", str(self.highest_usn).encode())])
        connection.unbind_s()
        self.stop()
        self.start()

    def _connect(self):
        connection = ldap.initialize(self.uri)
        connection.set_option(ldap.OPT_X_TLS_CACERTFILE, str(self.ca_file))
        connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        connection.simple_bind_s(BIND_DN, PASSWORD)
        return connection

    def _answers(self):
        if self._process.poll() is not None:
            raise LabError(f"slapd has ended: {(self.folder / 'slapd.log').read_text()[-500:]}")
        try:
            self._connect().unbind_s()
            return True
        except ldap.LDAPError:
            return False

    def _write_configuration(self):
        definitions = [f"attributetype ( {oid} NAME '{name}' {matching} SYNTAX {syntax} )"
                       for name, oid, syntax, matching in _ATTRIBUTES]
        names = " $ ".join(name for name, *_ in _ATTRIBUTES)
        (self.folder / "slapd.conf").write_text("\n".join([
            "include /etc/ldap/schema/core.schema", "modulepath /usr/lib/ldap", "moduleload back_mdb", *definitions,
            f"objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP top STRUCTURAL MAY ( cn $ {names} ) )",
            f"pidfile {self.folder}/slapd.pid", f"rootDSE {self.folder}/rootdse.ldif",
            f"TLSCACertificateFile {self.ca_file}", f"TLSCertificateFile {self._certificate[0]}",
            f"TLSCertificateKeyFile {self._certificate[1]}", "sizelimit unlimited", "threads 4",
            "database mdb", f'suffix "{BASE}"', f'rootdn "{BIND_DN}"', f"rootpw {PASSWORD}",
            f"directory {self.folder}/db", "maxsize 17179869184", "dbnosync",
            "index objectClass eq", "index uSNChanged eq", ""]))

    def _write_root_dse(self):
        (self.folder / "rootdse.ldif").write_text(
            f"dn:\nobjectClass: top\ndefaultNamingContext: {BASE}\nschemaNamingContext: CN=Schema,{BASE}\n"
            f"dsServiceName: {_SETTINGS}\ndnsHostName: localhost\nhighestCommittedUSN: {self.highest_usn}\n"
            f"currentTime: {time.strftime('%Y%m%d%H%M%SZ', time.gmtime())}\n")


def _dn(number):
    return f"CN=user{number:07},{BASE}"


def _entries(users):
    """LDIF of the whole directory, in parts of a few megabytes. Keys are Entra's, two days to two years old."""
    domain_sid = b"\x01\x04" + (5).to_bytes(6, "big") + struct.pack("<4I", 21, 1, 2, 3)
    invocation_id, guid = base64.b64encode(os.urandom(16)).decode(), base64.b64encode(os.urandom(16)).decode()
    yield (f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: user\ndc: bench\n"
           f"objectSid:: {base64.b64encode(domain_sid).decode()}\n\n"
           f"dn: {_SETTINGS}\nobjectClass: user\ncn: NTDS Settings\nobjectGUID:: {guid}\n"
           f"invocationId:: {invocation_id}\n\n"
           f"dn: CN=Schema,{BASE}\nobjectClass: user\ncn: Schema\n\n"
           f"dn: CN=Key-Credential-Link,CN=Schema,{BASE}\nobjectClass: user\ncn: Key-Credential-Link\n"
           f"lDAPDisplayName: msDS-KeyCredentialLink\nschemaIDGUID:: {guid}\nsearchFlags: 0\n\n").encode()
    material_head = struct.pack("<4s5I", b"RSA1", 2048, 3, 256, 0, 0) + b"\x01\x00\x01"
    now, part = time.time_ns() // 100, []
    for number in range(users):
        material = material_head + b"\x80" + os.urandom(254) + b"\x01"
        created = now - (2 + number % 700) * 864_000_000_000
        blob = key_blob.with_key_hash(key_blob.entra_blob(hashlib.sha256(material).digest(), material, created))
        dn, raw = _dn(number), os.urandom(16)
        sid = b"\x01\x05" + domain_sid[2:] + struct.pack("<I", number + 1000)
        part.append(
            f"dn: {dn}\nobjectClass: user\ncn: user{number:07}\nobjectCategory: person\n"
            f"objectGUID:: {base64.b64encode(raw).decode()}\nobjectSid:: {base64.b64encode(sid).decode()}\n"
            f"sAMAccountName: user{number:07}\nuserPrincipalName: user{number:07}@bench.test\n"
            f"userAccountControl: 512\nwhenChanged: 20260101000000Z\nuSNChanged: {number + 1}\n"
            f"msDS-KeyCredentialLink: {key_blob.dn_binary(blob, dn)}\n\n")
        if len(part) == 2000:
            yield "".join(part).encode()
            part = []
    yield "".join(part).encode()
