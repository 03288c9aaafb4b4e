"""What the tests of the daemon against directory stand-ins share: stand-ins, daemons that read them, their log and
metrics, `check --online`."""

import hashlib
import pathlib
import random
import tempfile
import unittest

import key_blob
from directory_standin import ACCOUNT, DirectoryStandin
from lab import children
from lab.keysyncd_process import KeysyncdProcess

_random = random.Random(20260131)
TICK = 10**7


def key_made_at(seconds, usage="NGC"):
    """(key id as hex, blob as Entra Connect writes it)"""
    material = key_blob.rsa_material(_random)
    key_id = hashlib.sha256(material).digest()
    return key_id.hex(), key_blob.with_key_hash(key_blob.entra_blob(key_id, material, int(seconds * TICK), usage=usage))


class OnStandins(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="keysyncd-daemon-")))
        self.password_file = self.folder / "password"
        self.password_file.write_text("any")
        self.password_file.chmod(0o600)

    def standin(self, *users, **settings):
        return self.enterContext(DirectoryStandin(users, **settings))

    def domain(self, name, server, ca_file=None, **more):
        tls = {"tls": {"ca_file": str(ca_file)}} if ca_file else {}
        return {"name": name, "servers": [server], "poll_interval": "1s", "change_tracking": "usn",
                "bind": {"method": "simple", "dn": ACCOUNT, "password_file": str(self.password_file)}, **tls, **more}

    def of_standin(self, standin, name="standin.test", **more):
        return self.domain(name, standin.uri, standin.ca_file, **more)

    def daemon(self, *domains, name="keysyncd", environment=None, etc=None, **configuration):
        daemon = KeysyncdProcess(self.folder / name, {"domains": list(domains), **configuration}, etc=etc,
                                 arguments=["--log.level=debug"], environment=environment)
        self.addCleanup(daemon.stop)
        return daemon

    def shows(self, daemon, expected, deadline=20):
        """Until /metrics shows {"name{label=...}" as a tuple of name and labels: value}."""
        found = {}

        def settled():
            samples = daemon.scrape()
            found.update({key: samples.get(key) for key in expected})
            return found == expected

        if not children.wait_until(settled, deadline):
            self.fail(f"shown {found}, expected {expected}; {daemon.log_tail()}")

    def waits_for_log(self, daemon, *words, deadline=20):
        def lines():
            return [line for line in daemon.log.read_text(errors="replace").splitlines()
                    if all(word in line for word in words)]

        if not children.wait_until(lines, deadline):
            self.fail(f"no line with {words} in the log; {daemon.log_tail()}")
        return lines()

    def check_online(self, daemon):
        done = daemon.run_command("check", "--online")
        return done.returncode, done.stdout
