#!/usr/bin/python3
"""No secret is ever told: a daemon that logs all it can, with working and with refused credentials, is searched through:
its log, command line, metrics, pages, API, /config and ledger, and what check, explain and report print."""

import base64
import pathlib
import subprocess
import sys
import tempfile
import unittest
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import crypt

from entra_standin import EntraStandin
from lab import children
from lab.keysyncd_process import KeysyncdProcess, binary, domain_configuration
from lab.samba_dc import SambaDc

WRONG = "Wr0ng-and-secret-too"
PROXY_PASSWORD = "pr0xy-p4ssword"
WEB_PASSWORD = "w3b-p4ssword"


class SecretsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.dc = cls.enterClassContext(SambaDc())
        cls.entra = cls.enterClassContext(EntraStandin(cls.folder / "entra"))
        dn = cls.dc.directory.add_user("ada")
        sid, immutable_id = cls.dc.directory.identity(dn)
        user = cls.entra.tenant.add_user("ada@whfb.test", sid=sid, immutable_id=immutable_id, sam="ada",
                                         domain="whfb.test", dn=dn)
        cls.entra.tenant.register_key(user["id"])
        cls.web_hash = crypt.crypt(WEB_PASSWORD, "$2b$04$" + "abcdefghijklmnopqrstuu")
        secrets = [pathlib.Path(cls.dc.service_password_file).read_text().strip(),
                   pathlib.Path(cls.entra.secret_file).read_text().strip(), WRONG, PROXY_PASSWORD, WEB_PASSWORD,
                   cls.web_hash]
        # As they are, and as HTTP and LDAP carry them. "eyJ0eXAi" begins every token of the stand-in: {"typ
        cls.forbidden = {form for secret in secrets for form in (
            secret.encode(), base64.b64encode(secret.encode()), secret.encode().hex().encode())}
        cls.forbidden |= {base64.b64encode(f"ops:{WEB_PASSWORD}".encode()), b"eyJ0eXAi", b"Bearer "}

    def secret_file(self, name, text):
        path = self.folder / name
        path.touch(0o600)
        path.write_text(text)
        return str(path)

    def daemon(self, name):
        web = self.folder / f"{name}-web.yml"
        web.write_text(f"basic_auth_users:\n  ops: {self.web_hash}\n")
        daemon = KeysyncdProcess(
            self.folder / name,
            {"domains": [domain_configuration(self.dc, poll_interval="1s")],
             "entra": self.entra.configuration(poll_interval="2s"),
             "sync": {"cycle": "10s", "grace": "2s", "overdue_after": "1h"}},
            arguments=["--log.level=debug", f"--web.config.file={web}"])
        daemon._opener.addheaders = [  # every request of the test's
            ("Authorization", "Basic " + base64.b64encode(f"ops:{WEB_PASSWORD}".encode()).decode())]
        self.addCleanup(daemon.stop)
        return daemon

    def assert_untold(self, where, data):
        for secret in self.forbidden:
            self.assertNotIn(secret, data, f"a secret is told in {where}")

    def assert_all_untold(self, daemon):
        self.assert_untold("the command line", pathlib.Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes())
        for path in ("/metrics", "/config", "/", "/api/v1/keys", "/api/v1/users/ada", "/api/v1/cycles", "/api/v1/status",
                     "/-/ready", "/nowhere"):
            status, body = daemon.get(path)
            self.assertIsNotNone(status, body)
            self.assert_untold(path, body.encode())
        self.assertEqual(daemon.get("/config")[0], 200)
        for command in (["check", "--online"], ["explain", "ada"], ["report"]):
            done = subprocess.run([binary(), *command, f"--config.file={daemon.configuration_file}"], timeout=60,
                                  capture_output=True, check=False, stdin=subprocess.DEVNULL)
            self.assert_untold(" ".join(command), done.stdout + done.stderr)
        daemon.stop()
        self.assert_untold("the log", daemon.log.read_bytes())
        for path in daemon.ledger.parent.glob(daemon.ledger.name + "*"):
            self.assert_untold(path.name, path.read_bytes())

    def test_with_credentials_that_work(self):
        daemon = self.daemon("good")
        daemon.start()
        daemon.wait_for_polls(2)
        self.assert_all_untold(daemon)

    def test_with_credentials_that_are_refused(self):
        daemon = self.daemon("bad")
        daemon.configuration["domains"][0]["bind"]["password_file"] = self.secret_file("bad-bind", WRONG)
        daemon.configuration["entra"]["credential"] = {"secret_file": self.secret_file("bad-entra", WRONG)}
        daemon.write_configuration()
        daemon.start(ready=False)
        text = lambda: daemon.log.read_text()  # noqa: E731
        self.assertTrue(children.wait_until(lambda: "AADSTS7000215" in text() and "reason=bind" in text(), 30),
                        daemon.log_tail())
        self.assert_all_untold(daemon)

    def test_with_a_proxy_that_cannot_be_reached(self):
        daemon = self.daemon("proxy")
        daemon.configuration["entra"] |= {"proxy": "http://ops@127.0.0.1:9",
                                          "proxy_password_file": self.secret_file("proxy-password", PROXY_PASSWORD)}
        daemon.write_configuration()
        daemon.start()
        self.assertTrue(children.wait_until(lambda: "Graph cannot be read" in daemon.log.read_text(), 30),
                        daemon.log_tail())
        self.assert_all_untold(daemon)


if __name__ == "__main__":
    children.exit_on_signals()
    unittest.main(verbosity=2)
