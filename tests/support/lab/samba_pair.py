"""Two domain controllers of one domain that replicate with each other in about a second, both ways.

    with SambaPair() as pair:
        pair.first.directory.add_key(dn, blob)
        pair.wait_for_replication(pair.first, pair.second)
        pair.hold_replication(to=pair.second)      # and release_replication()
        pair.first.kill()                          # the second goes on

Joining takes twenty seconds, so the joined pair is cached like a provisioned domain. They find each other by a hosts
file of their own, in a mount namespace.
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import uuid

import ldap

from . import children, samba_template
from .addresses import AddressLease
from .certificates import CertificateAuthority
from .errors import LabError
from .samba_dc import ACCOUNTS, Membership, SambaDc

_HOSTS = ("dc1", "dc2")
_DISABLE_INBOUND = 2  # NTDSDSA_OPT_DISABLE_INBOUND_REPL
_OPTIONS = {"server services": "rpc, ldap, cldap, kdc, dns, drepl, kcc", "dreplsrv:notify_interval": "1",
            "dreplsrv:periodic_startup_interval": "1", "dreplsrv:periodic_interval": "5",
            "kccsrv:periodic_startup_interval": "1"}


class SambaPair:
    """`first` and `second` are SambaDc: each can be stopped, killed, paused and started by itself."""

    def __init__(self, realm="whfb.test"):
        samba_template.require_samba()
        template = samba_template.cached(f"pair.{realm}", [json.dumps(ACCOUNTS).encode(),
                                                           pathlib.Path(__file__).read_bytes()],
                                         lambda work: _join(realm, work))
        facts = json.loads((template / "pair.json").read_text())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="keysyncd-pair-"))
        self._stack = contextlib.ExitStack()
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        try:
            leases = {host: AddressLease() for host in _HOSTS}
            addresses = {host: leases[host].address for host in _HOSTS}
            network = _Network(self.folder, realm, addresses, facts["service_names"])
            authority = CertificateAuthority(self.folder / "tls", f"CA of {realm}")
            members = {}
            for host in _HOSTS:
                membership = Membership(
                    template=template / host, lease=leases[host], authority=authority, wrapper=network.wrapper,
                    environment=network.environment(host), model="standard",
                    new_addresses={facts["addresses"][name]: addresses[name] for name in _HOSTS})
                members[host] = SambaDc(realm, host, _OPTIONS, membership)
                self._stack.callback(members[host].close)
            self.first, self.second = members["dc1"], members["dc2"]
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        try:
            self.first.start()
            self.second.start()
            self.wait_for_replication(self.first, self.second)
            self.wait_for_replication(self.second, self.first)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exception):
        self.close()

    def close(self):
        self._stack.close()

    # -- replication -----------------------------------------------------------------------------------------------

    def wait_for_replication(self, source, target, deadline=30.0):
        """Until the target shows a change that was made on the source just now: all older ones are there as well."""
        mark = uuid.uuid4().hex
        source.directory.set_attributes(source.directory.people_dn, description=mark)

        def arrived():
            found = target.directory.read(target.directory.people_dn, "description").get("description")
            return found == [mark.encode()]

        if not children.wait_until(arrived, deadline, interval=0.1):
            raise LabError(f"{source.fqdn} did not replicate to {target.fqdn} within {deadline:g} s")

    def hold_replication(self, to):
        """The domain controller takes no changes from its peer until release_replication()."""
        self._set_options(to, _DISABLE_INBOUND)

    def release_replication(self, to):
        self._set_options(to, None)

    @staticmethod
    def _set_options(dc, options):
        dc.directory.set_attributes(_ntds_settings(dc), options=options)


def _ntds_settings(dc):
    return (f"CN=NTDS Settings,CN={dc.domain.host.upper()},CN=Servers,CN=Default-First-Site-Name,CN=Sites,"
            f"CN=Configuration,{dc.base_dn}")


class _Network:
    """What two domain controllers need to know about each other, as files that they see in /etc."""

    def __init__(self, folder, realm, addresses, service_names=None):
        """`service_names`: {host: the name under which its replication service is called}."""
        self._folder, self._realm, self._addresses = pathlib.Path(folder), realm, addresses
        self._hosts = self._folder / "hosts"
        self.name_services(service_names or {})
        self.wrapper = ("unshare", "-m", "sh", "-c", f"mount --bind '{self._hosts}' /etc/hosts && exec \"$@\"", "sh")

    def name_services(self, service_names):
        lines = ["127.0.0.1 localhost"]
        lines += [f"{address} {host}.{self._realm} {host} {service_names.get(host, '')}"
                  for host, address in self._addresses.items()]
        self._hosts.write_text("\n".join(lines) + "\n")

    def environment(self, host):
        """Kerberos, its own KDC first."""
        order = sorted(self._addresses, key=lambda name: name != host)
        realm = self._realm.upper()
        path = self._folder / f"krb5-{host}.conf"
        path.write_text("[libdefaults]\n  " + "\n  ".join([f"default_realm = {realm}", "rdns = false",
                                                           "dns_lookup_kdc = false"])
                        + f"\n[realms]\n  {realm} = {{\n"
                        + "".join(f"    kdc = {self._addresses[name]}\n" for name in order) + "  }\n")
        return {"KRB5_CONFIG": str(path)}


def _join(realm, work):
    """Fills the template: a folder for each domain controller, stopped, and pair.json."""
    print(f"lab: joining a second domain controller to {realm} once, about 30 s ...", flush=True)
    lease = AddressLease()
    first_lease = AddressLease()
    addresses = {"dc1": first_lease.address, "dc2": lease.address}
    network = _Network(work, realm, addresses)
    with contextlib.ExitStack() as stack:
        first = SambaDc(realm, "dc1", _OPTIONS, Membership(lease=first_lease, wrapper=network.wrapper, model="standard",
                                                           environment=network.environment("dc1")))
        stack.callback(first.close)
        first.start()
        joined = work / "joined"
        empty = work / "empty.conf"
        empty.touch()
        password = first.administrator_password_file.read_text().strip()
        samba_template.run_offline(
            ["samba-tool", "domain", "join", realm, "DC", "-s", empty, "-U",
             f"{first.domain.netbios}\\administrator", f"--password={password}", f"--server={first.fqdn}",
             f"--targetdir={joined}", "--dns-backend=SAMBA_INTERNAL", "--option=netbios name=DC2",
             f"--option=interfaces={addresses['dc2']}/8", "--option=bind interfaces only=yes",
             "--backend-store=mdb", "--backend-store-size=8Gb"],
            work / "join.log", network.wrapper, network.environment("dc1"))
        shutil.copy(first.folder / "accounts.json", joined)
        service_names = {}
        for host in _HOSTS:
            settings = _ntds_settings(first).replace("CN=DC1,", f"CN={host.upper()},")
            guid = first.directory.read(settings, "objectGUID")["objectGUID"][0]
            service_names[host] = f"{uuid.UUID(bytes_le=guid)}._msdcs.{realm}"
        network.name_services(service_names)

        second = SambaDc(realm, "dc2", _OPTIONS, Membership(template=joined, lease=lease, new_addresses={},
                                                            wrapper=network.wrapper, model="standard",
                                                            environment=network.environment("dc2")))
        stack.callback(second.close)
        second.start()
        # The first has worked its topology out before it had a partner, and would do so again in five minutes only.
        with open(work / "join.log", "a") as log:
            subprocess.run([*network.wrapper, "samba_kcc"], stdout=log, stderr=log, check=True,
                           env={**os.environ, **network.environment("dc1"),
                                "SMB_CONF_PATH": str(first.folder / "etc/smb.conf")})
        _settle(first, second)
        for host, dc in (("dc1", first), ("dc2", second)):
            dc.stop()
            samba_template.copy_tree(dc.folder, _made(work / host))
            for leftover in ("tls", "samba.log", "names.tdb"):
                target = work / host / leftover
                shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
    shutil.rmtree(joined)
    (work / "pair.json").write_text(json.dumps({"addresses": addresses, "service_names": service_names}))


def _made(folder):
    folder.mkdir()
    return folder


def _settle(first, second, deadline=90.0):
    """Until changes go both ways."""
    for source, target in ((first, second), (second, first)):
        def arrived():
            try:
                return target.directory.read(target.directory.people_dn, "description").get("description") == [mark]
            except ldap.LDAPError:
                return False

        mark = f"settling {source.fqdn}".encode()
        source.directory.set_attributes(source.directory.people_dn, description=mark)
        if not children.wait_until(arrived, deadline, interval=0.5):
            raise LabError(f"{source.fqdn} does not replicate to {target.fqdn}; see {target.log}")
