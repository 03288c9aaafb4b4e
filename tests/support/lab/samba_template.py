"""Provisioned domains, made once a user and machine and copied for every start (copying takes a tenth of a second,
provisioning five).

A template is named by the hash of what made it, these scripts included, so that a changed script never meets an old
directory. Address, paths and certificates are the copy's own.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import sys
import time

from .errors import LabError

PYTHON = "/usr/bin/python3"  # Debian's, which has Samba's modules
OFFLINE = pathlib.Path(__file__).with_name("samba_offline.py")
TEMPLATE_ADDRESS = "127.77.0.1"
_SAMBA_DAEMON = "/usr/sbin/samba"
_KEPT = 24 * 3600.0  # seconds that a template is kept after its last use, once there is another one


class Domain:
    """Names of a domain and of its first domain controller."""

    def __init__(self, realm="whfb.test", host="dc1"):
        self.realm = realm.lower()
        self.netbios = realm.split(".")[0].upper()
        self.host = host
        self.fqdn = f"{host}.{self.realm}"
        self.base_dn = ",".join(f"DC={part}" for part in self.realm.split("."))


def cache_folder():
    root = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(root) / "keysyncd-lab"


def template_for(domain, accounts):
    """The folder of a provisioned directory for the domain, made now if it is not there yet. `accounts` describes what
    is created in it; their passwords are in its accounts.json."""
    return cached(domain.fqdn, [json.dumps(accounts).encode()], lambda work: _provision(domain, accounts, work))


def cached(name, parts, make):
    """The folder of that name in the cache, which `make` fills once. `parts`: the bytes that it is made from, beside
    these scripts and Samba itself."""
    require_samba()
    digest = hashlib.sha256()
    for part in (OFFLINE.read_bytes(), pathlib.Path(__file__).read_bytes(), name.encode(), *parts,
                 pathlib.Path(_SAMBA_DAEMON).stat().st_mtime_ns.to_bytes(8, "big")):
        digest.update(hashlib.sha256(part).digest())
    target = cache_folder() / f"{name}-{digest.hexdigest()[:16]}"
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(target.parent / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            for stale in target.parent.glob(f"{name}-*"):  # another working copy may be copying from a younger one
                if stale.suffix == ".new" or time.time() - stale.stat().st_mtime > _KEPT:
                    shutil.rmtree(stale, ignore_errors=True)
            work = target.parent / f"{target.name}.new"
            work.mkdir(mode=0o700)
            make(work)
            work.rename(target)
        os.utime(target)
    return target


def require_samba():
    if not os.path.exists(_SAMBA_DAEMON):
        raise LabError("the Samba domain controller is not installed; mend it with tests/install-packages test")
    if os.geteuid() != 0:
        raise LabError("a domain controller needs the ports 53, 88, 389 and 636: run as root, or inside a namespace of "
                       "your own with: unshare -r -n sh -c 'ip link set lo up; exec COMMAND'")


def run_offline(arguments, log, wrapper=(), environment=None):
    """Runs samba_offline.py; its output goes to the log file and, on failure, its end into the exception."""
    with open(log, "a") as output:
        status = subprocess.run([*wrapper, PYTHON, str(OFFLINE), *map(str, arguments)], stdin=subprocess.DEVNULL,
                                stdout=output, stderr=subprocess.STDOUT,
                                env={**os.environ, **(environment or {})}).returncode
    if status != 0:
        tail = "\n".join(pathlib.Path(log).read_text(errors="replace").splitlines()[-15:])
        raise LabError(f"samba_offline.py {arguments[0]} ended with {status}:\n{tail}")


def copy_tree(source, target):
    subprocess.run(["cp", "-a", "--reflink=auto", "--sparse=always", f"{source}/.", str(target)], check=True)


def _provision(domain, accounts, work):
    print(f"lab: provisioning the domain {domain.realm} once, about 10 s ...", file=sys.stderr, flush=True)
    passwords = {name: _password() for name in ["Administrator", *accounts["users"]]}
    empty = work / "empty.conf"
    empty.touch()
    run_offline(["samba-tool", "domain", "provision", "-s", empty, f"--realm={domain.realm.upper()}",
                 f"--domain={domain.netbios}", f"--adminpass={passwords['Administrator']}", "--server-role=dc",
                 f"--host-name={domain.host}", f"--host-ip={TEMPLATE_ADDRESS}", "--dns-backend=SAMBA_INTERNAL",
                 f"--targetdir={work}", f"--option=interfaces={TEMPLATE_ADDRESS}/8",
                 "--option=bind interfaces only=yes", "--backend-store=mdb", "--backend-store-size=8Gb"],
                work / "provision.log")
    smb_conf, sam_ldb = work / "etc/smb.conf", work / "private/sam.ldb"
    details = dict(accounts, users={name: passwords[name] for name in accounts["users"]})
    run_offline(["prepare", smb_conf, sam_ldb, json.dumps(details)], work / "provision.log")
    with open(work / "provision.log", "a") as log:  # the ldap/ service names, without which GSSAPI finds no ticket
        subprocess.run(["samba_spnupdate", "-s", str(smb_conf)], stdout=log, stderr=log, check=True)
    with _private_file(work / "accounts.json") as file:
        json.dump(passwords, file)


def _password():
    return "Lab-1" + secrets.token_urlsafe(15)


@contextlib.contextmanager
def _private_file(path):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        yield file
