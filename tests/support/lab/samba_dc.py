#!/usr/bin/python3
"""A throw-away Active Directory domain controller (Samba) on a loopback address of its own.

    with SambaDc() as dc:
        dn = dc.directory.add_user("ada")
        dc.directory.add_key(dn, blob)
        # dc.uri, dc.ca_file, dc.service_dn, dc.service_password_file ...

By hand: samba_dc.py [--users N] starts one, prints how to reach it as JSON and runs until Ctrl-C.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

if __package__ in (None, ""):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    __package__ = "lab"

import ldap

from . import children
from .addresses import AddressLease
from .certificates import CertificateAuthority
from .directory import Connection, Directory, read_key_writes
from .errors import LabError
from .samba_template import TEMPLATE_ADDRESS, Domain, copy_tree, require_samba, run_offline, template_for

SERVICE_ACCOUNT = "svc-keysyncd"
CONNECTOR_ACCOUNT = "MSOL_connect"
PEOPLE = "OU=People"
REPLICATING_ACCOUNT = "svc-replicating"  # a plain one, but for the right "Replicating Directory Changes"
ACCOUNTS = {"users": [SERVICE_ACCOUNT, CONNECTOR_ACCOUNT, REPLICATING_ACCOUNT], "connector": CONNECTOR_ACCOUNT,
            "replicator": REPLICATING_ACCOUNT, "people_ou": PEOPLE}
_PRE_WINDOWS_2000 = "CN=Pre-Windows 2000 Compatible Access,CN=Builtin"
_AUTHENTICATED_USERS = "CN=S-1-5-11,CN=ForeignSecurityPrincipals"
# SearchRequest, message 1: base object, scope base, (objectClass=*), no attributes
_ROOT_DSE_SEARCH = bytes.fromhex("3025020101632004000a01000a0100020100020100010100870b") + b"objectClass\x30\x00"


@dataclasses.dataclass
class Membership:
    """What is different about a domain controller that is not alone: its directory and addresses come from elsewhere,
    and it needs a process of its own for each service."""
    template: pathlib.Path = None  # the stopped domain controller's folder
    lease: AddressLease = None
    authority: CertificateAuthority = None  # the forest's
    new_addresses: dict = None  # {address in the template's DNS zones: address now}, its peers' as well
    wrapper: tuple = ()
    environment: dict = dataclasses.field(default_factory=dict)
    model: str = "single"


class SambaDc:
    """Started by entering the context or by start(). Attributes are valid from construction on, except `process`."""

    def __init__(self, realm="whfb.test", host="dc1", options=None, membership=None):
        """`options`: further lines of smb.conf, for example {"ldap server require strong auth": "no"}. `membership`:
        where it is one of several domain controllers of its domain, see lab.samba_pair."""
        require_samba()
        self.domain = Domain(realm, host)
        self.base_dn, self.fqdn, self.realm = self.domain.base_dn, self.domain.fqdn, self.domain.realm
        self._membership = membership or Membership()
        self._lease = self._membership.lease or AddressLease()
        self.address = self._lease.address
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"keysyncd-{host}-"))
        self.uri, self.plain_uri = f"ldaps://{self.address}", f"ldap://{self.address}"
        self.process = None
        try:
            self._prepare(options or {})
        except BaseException:
            self.close()
            raise

    def _prepare(self, options):
        template = self._membership.template or template_for(self.domain, ACCOUNTS)
        copy_tree(template, self.folder)
        self._smb_conf, self._sam_ldb = self.folder / "etc/smb.conf", self.folder / "private/sam.ldb"
        self.log = self.folder / "samba.log"
        self.authority = self._membership.authority or CertificateAuthority(self.folder / "tls", f"CA of {self.realm}")
        self.ca_file = self.authority.ca_file
        certificate = self.authority.issue(self.domain.host, [self.fqdn], [self.address])
        self._write_configuration(certificate, options)
        new_addresses = self._membership.new_addresses or {TEMPLATE_ADDRESS: self.address}
        run_offline(["readdress", self._smb_conf, self._sam_ldb, *map("=".join, new_addresses.items())], self.log)

        self._passwords = json.loads((self.folder / "accounts.json").read_text())
        self.service_dn = f"CN={SERVICE_ACCOUNT},CN=Users,{self.base_dn}"
        self.service_upn = f"{SERVICE_ACCOUNT}@{self.realm}"
        self.service_password_file = self._password_file(SERVICE_ACCOUNT)
        self.replication_bind = {"method": "simple", "dn": f"{REPLICATING_ACCOUNT}@{self.realm}",
                                 "password_file": str(self._password_file(REPLICATING_ACCOUNT))}
        self.connector_password_file = self._password_file(CONNECTOR_ACCOUNT)
        self.administrator_password_file = self._password_file("Administrator")
        self.directory = Directory(self.connect("Administrator"), self.connect(CONNECTOR_ACCOUNT), self.base_dn,
                                   f"{PEOPLE},{self.base_dn}")

    def connect(self, account=SERVICE_ACCOUNT):
        """An LDAPS connection as one of the domain's accounts, for what Directory has no method for."""
        return Connection(self.uri, self.ca_file, f"{account}@{self.realm}", self._passwords[account])

    def _password_file(self, account):
        path = self.folder / f"{account}.password"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(self._passwords[account] + "\n")
        return path

    def _write_configuration(self, certificate, options):
        folder = self.folder
        settings = {
            "netbios name": self.domain.host.upper(), "workgroup": self.domain.netbios, "realm": self.realm.upper(),
            "server role": "active directory domain controller", "server services": "ldap, cldap, kdc, dns",
            "interfaces": f"{self.address}/8", "bind interfaces only": "yes", "dns forwarder": "0.0.0.0",
            "private dir": folder / "private", "state directory": folder / "state",
            "cache directory": folder / "cache", "lock directory": folder, "pid directory": folder,
            "ncalrpc dir": folder / "ncalrpc", "winbindd socket directory": folder / "winbindd",
            "ntp signd socket directory": folder / "ntp_signd", "log file": self.log,
            "tls cafile": self.ca_file, "tls certfile": certificate[0], "tls keyfile": certificate[1], **options}
        for name in ("cache", "ncalrpc", "winbindd", "ntp_signd"):
            (folder / name).mkdir(exist_ok=True)
        lines = ["[global]", *(f"\t{key} = {value}" for key, value in settings.items()),
                 "[sysvol]", f"\tpath = {folder / 'state/sysvol'}", "\tread only = no"]
        self._smb_conf.write_text("\n".join(lines) + "\n")

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self, deadline=20.0):
        """Starts the server and returns when it answers."""
        if self.process is not None and self.process.poll() is None:
            raise LabError(f"the domain controller {self.fqdn} runs already")
        log = open(self.log, "ab")
        self.process = children.start(
            [*self._membership.wrapper, "/usr/sbin/samba", "-F", "--no-process-group", "-M", self._membership.model,
             "-s", str(self._smb_conf), "--debug-stdout"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            pass_fds=[self._lease.lock_descriptor],
            # samba_kcc and the like, which samba runs, look there for its configuration
            env={**os.environ, "SMB_CONF_PATH": str(self._smb_conf), **self._membership.environment})
        log.close()
        if not children.wait_until(lambda: self.process.poll() is not None or self.answers(), deadline):
            raise LabError(f"the domain controller did not answer within {deadline:g} s{self._log_tail()}")
        if self.process.poll() is not None:
            raise LabError(f"samba ended with status {self.process.returncode}{self._log_tail()}")
        return self

    def answers(self):
        """Does an anonymous search of the rootDSE come back over TLS within a second? Asked without libldap, which
        spins for ever on a peer that accepts the connection and stays silent, as a paused server does."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        try:
            with socket.create_connection((self.address, 636), timeout=1) as connection, \
                    context.wrap_socket(connection, server_hostname=self.fqdn) as channel:
                channel.sendall(_ROOT_DSE_SEARCH)
                return channel.recv(1) == b"\x30"
        except OSError:
            return False

    def stop(self):
        """An orderly stop. start() brings the same directory back."""
        if self.process is not None:
            children.end(self.process)
            self.process = None

    def kill(self):
        """Pulls the plug: SIGKILL, in the middle of whatever it does."""
        if self.process is not None:
            children.kill(self.process)
            self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def pause(self):
        """SIGSTOP: connections are still accepted by the kernel, and nothing is ever answered."""
        children.signal_group(self.process, signal.SIGSTOP)

    def resume(self):
        children.signal_group(self.process, signal.SIGCONT)

    def close(self):
        """Stops the server and removes everything it has left."""
        if getattr(self, "directory", None):
            self.directory.close()
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lease.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_exception):
        self.close()

    # -- what only the machine's administrator can do ------------------------------------------------------------

    def oracle(self, dn=None):
        """True write times (lab.directory.KeyWrite) of the keys of one user, or of every user."""
        return read_key_writes(self._smb_conf, self._sam_ldb, dn or self.base_dn, whole_tree=dn is None)

    def hide_attributes(self):
        """A hardened forest: plain users still find other users, but read neither their keys nor uSNChanged. Applies
        to connections that bind from now on."""
        self._pre_windows_2000(ldap.MOD_DELETE)

    def show_attributes(self):
        self._pre_windows_2000(ldap.MOD_ADD)

    def _pre_windows_2000(self, operation):
        administrator = self.connect("Administrator")
        administrator.call("modify_s", f"{_PRE_WINDOWS_2000},{self.base_dn}",
                           [(operation, "member", [f"{_AUTHENTICATED_USERS},{self.base_dn}".encode()])])
        administrator.close()

    def samba_tool(self, *arguments):
        """Runs samba-tool on this directory; raises LabError with its output when it fails."""
        run_offline(["samba-tool", *arguments, f"--configfile={self._smb_conf}"], self.folder / "samba-tool.log")

    def keytab(self, account=SERVICE_ACCOUNT):
        """A keytab of the account, for GSSAPI binds with KRB5_CLIENT_KTNAME and KRB5_CONFIG=krb5_configuration()."""
        path = self.folder / f"{account}.keytab"
        path.unlink(missing_ok=True)
        self.samba_tool("domain", "exportkeytab", path, f"--principal={account}@{self.realm.upper()}")
        return path

    def krb5_configuration(self):
        path, realm = self.folder / "krb5.conf", self.realm.upper()
        path.write_text(f"""[libdefaults]
  default_realm = {realm}
  rdns = false
  dns_canonicalize_hostname = false
  dns_lookup_kdc = false
[realms]
  {realm} = {{
    kdc = {self.address}
  }}
[domain_realm]
  {self.fqdn} = {realm}
  {self.address} = {realm}
""")
        return path

    def _log_tail(self):
        lines = self.log.read_text(errors="replace").splitlines()[-15:] if self.log.exists() else []
        return "; the end of its log:\n" + "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description="Runs a throw-away domain controller until Ctrl-C.")
    parser.add_argument("--realm", default="whfb.test")
    parser.add_argument("--users", type=int, default=0, help="create that many users, user0000 and on, without keys")
    arguments = parser.parse_args()
    children.exit_on_signals()
    begun = time.monotonic()
    try:
        with SambaDc(arguments.realm) as dc:
            for number in range(arguments.users):
                dc.directory.add_user(f"user{number:04}")
            print(json.dumps({
                "uri": dc.uri, "plain_uri": dc.plain_uri, "address": dc.address, "name": dc.fqdn,
                "base_dn": dc.base_dn, "ca_file": str(dc.ca_file), "bind_dn": dc.service_dn, "bind_upn": dc.service_upn,
                "password_file": str(dc.service_password_file), "administrator": f"Administrator@{dc.realm}",
                "administrator_password_file": str(dc.administrator_password_file), "pid": dc.process.pid,
                "folder": str(dc.folder), "ready_after_seconds": round(time.monotonic() - begun, 2)}, indent=1),
                flush=True)
            signal.pause()
    except LabError as error:
        print(f"samba_dc.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
