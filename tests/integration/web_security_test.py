#!/usr/bin/python3
"""web.config.file applied: TLS, client certificates, passwords, renewal without a restart, and what is refused."""

import base64
import datetime
import http.client
import ipaddress
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from web_stand_in import WebStandIn

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Debian 12's Python has it; the ones after 3.12 do not
    import crypt

PROGRAM = sys.argv.pop(1)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A certificate authority that lives in a folder."""

    def __init__(self, folder, label):
        self.folder, self.label = folder, label
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(name(label), self.key.public_key(), True)
        self.file = folder / f"{label}-ca.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject, public_key, authority, days=30):
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(name(self.label)).public_key(public_key)
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=40))
                   .not_valid_after(now + datetime.timedelta(days=days))
                   .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
                   .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False))
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, label, days=30):
        """Writes LABEL.pem and LABEL.key; returns the serial number."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(name(label), key.public_key(), False, days)
        secret = self.folder / f"{label}.key"
        with open(secret, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption()))
        (self.folder / f"{label}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return certificate.serial_number


class WebSecurity(unittest.TestCase):
    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)
        self.authority = Authority(self.folder, "ours")
        self.serial = self.authority.issue("server")
        self.config = self.folder / "web.yml"

    def configure(self, text):
        self.config.write_text(text)
        self.config.chmod(0o600)

    def start(self, *arguments):
        web = WebStandIn(PROGRAM, "--web-config", str(self.config), *arguments)
        web.__enter__()
        self.addCleanup(web.__exit__)
        return web

    def trust(self, certificate=None):
        context = ssl.create_default_context(cafile=self.authority.file)
        if certificate:
            context.load_cert_chain(self.folder / f"{certificate}.pem", self.folder / f"{certificate}.key")
        return context

    def ask(self, web, path="/-/healthy", tls=None, password=None):
        host, port = web.addresses[0]
        client = (http.client.HTTPSConnection(host, port, timeout=10, context=tls) if tls
                  else http.client.HTTPConnection(host, port, timeout=10))
        headers = {"Authorization": "Basic " + base64.b64encode(password.encode()).decode()} if password else {}
        try:
            client.request("GET", path, headers=headers)
            answer = client.getresponse()
            answer.body = answer.read()
            return answer
        finally:
            client.close()

    TLS = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"

    def test_tls_with_a_verified_chain_and_nothing_below_1_2(self):
        self.configure(self.TLS)
        web = self.start()
        self.assertEqual(self.ask(web, "/metrics", self.trust()).status, 200)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.ask(web, tls=ssl.create_default_context())
        old = self.trust()
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, ConnectionResetError)):
            self.ask(web, tls=old)

    def test_a_client_that_never_shakes_hands_is_cut_off_and_stops_nobody(self):
        self.configure(self.TLS)
        web = self.start("--request-ms", "400")
        with socket.create_connection(web.addresses[0], timeout=10) as silent, \
                socket.create_connection(web.addresses[0], timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(self.ask(web, tls=self.trust()).status, 200)
            self.assertEqual(silent.recv(100), b"")

    def test_a_minimum_version_is_kept(self):
        self.configure(self.TLS + "  min_version: TLS13\n")
        web = self.start()
        self.assertEqual(self.ask(web, tls=self.trust()).status, 200)
        old = self.trust()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises((ssl.SSLError, ConnectionResetError)):
            self.ask(web, tls=old)

    def test_client_certificates_are_demanded_and_verified(self):
        self.authority.issue("client")
        self.authority.issue("expired", days=-1)
        stranger = Authority(self.folder, "theirs")
        stranger.issue("stranger")
        self.configure(self.TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ours-ca.pem\n")
        web = self.start()
        for _ in range(2):
            self.assertEqual(self.ask(web, tls=self.trust("client")).status, 200)
        for refused in (None, "stranger", "expired"):
            with self.subTest(certificate=refused), self.assertRaises((ssl.SSLError, OSError, http.client.HTTPException)):
                self.ask(web, tls=self.trust(refused))

    def test_certificates_are_renewed_without_a_restart_and_a_bad_one_changes_nothing(self):
        self.configure(self.TLS)
        web = self.start()

        def serial():
            with socket.create_connection(web.addresses[0], timeout=10) as plain:
                with self.trust().wrap_socket(plain, server_hostname="127.0.0.1") as tls:
                    return int(tls.getpeercert()["serialNumber"], 16)

        def eventually(wanted):
            deadline = time.monotonic() + 10
            while serial() != wanted and time.monotonic() < deadline:
                time.sleep(0.1)
            self.assertEqual(serial(), wanted)

        eventually(self.serial)
        renewed = self.authority.issue("server")
        eventually(renewed)
        (self.folder / "server.pem").write_text("no certificate")
        time.sleep(1.5)  # longer than the server's own interval of looking
        self.assertEqual(serial(), renewed)
        eventually(self.authority.issue("server"))
        web.__exit__()
        self.assertIn("stays", web.errors)
        self.assertIn("server.pem", web.errors)

    def users(self, **passwords):
        lines = [f"  {user}: {crypt.crypt(password, '$2b$' + cost + '$' + 'abcdefghijklmnopqrstuu')}\n"
                 for user, (password, cost) in passwords.items()]
        return "basic_auth_users:\n" + "".join(lines)

    def test_passwords(self):
        self.configure(self.users(ada=("horse", "04")))
        web = self.start()
        self.assertEqual(self.ask(web, "/metrics", password="ada:horse").status, 200)
        self.assertEqual(self.ask(web, "/metrics", password="ada:horse").status, 200)
        for path in ("/", "/metrics", "/-/healthy", "/-/ready", "/config", "/nowhere"):
            for wrong in (None, "ada:hors", "ada:", "grace:horse", ":"):
                with self.subTest(path=path, password=wrong):
                    answer = self.ask(web, path, password=wrong)
                    self.assertEqual(answer.status, 401)
                    self.assertIn("Basic", answer.headers["WWW-Authenticate"])
                    self.assertNotIn(b"keysync_", answer.body)

    def test_a_changed_password_counts_without_a_restart(self):
        self.configure(self.users(ada=("horse", "04")))
        web = self.start()
        self.assertEqual(self.ask(web, password="ada:horse").status, 200)
        self.configure(self.users(ada=("donkey", "04")))
        deadline = time.monotonic() + 10
        while self.ask(web, password="ada:donkey").status != 200:
            self.assertLess(time.monotonic(), deadline, "the new password never counted")
            time.sleep(0.1)
        self.assertEqual(self.ask(web, password="ada:horse").status, 401)

    def test_wrong_passwords_and_unknown_users_take_the_same_time_and_scrapes_do_not_wait_for_them(self):
        self.configure(self.users(ada=("horse", "10"), bob=("donkey", "04")))
        web = self.start()
        took = {"ada:wrong": [], "bob:wrong": [], "nobody:wrong": []}
        for _ in range(15):  # in turns, and the quickest of each: load takes its time from all alike
            for password, times in took.items():
                started = time.monotonic()
                self.ask(web, password=password)
                times.append(time.monotonic() - started)
        wrong = min(took["ada:wrong"])
        self.assertGreater(wrong, 0.02)
        for times in took.values():
            self.assertLess(abs(min(times) - wrong) / wrong, 0.4, took)
        self.assertEqual(self.ask(web, password="ada:horse").status, 200)
        guess = b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWRhOng=\r\n\r\n"
        guesses = [socket.create_connection(web.addresses[0], timeout=10) for _ in range(40)]
        for connection in guesses:
            connection.sendall(guess)
        started = time.monotonic()
        self.assertEqual(self.ask(web, "/metrics", password="ada:horse").status, 200)
        self.assertLess(time.monotonic() - started, 20 * wrong)
        for connection in guesses:
            connection.close()

    def test_headers_of_the_operator_are_on_every_answer(self):
        self.configure("http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n"
                       "    Strict-Transport-Security: max-age=600\n" + self.users(ada=("horse", "04")))
        web = self.start()
        for password in ("ada:horse", None):
            headers = self.ask(web, password=password).headers
            self.assertEqual(headers.get_all("X-Frame-Options"), ["sameorigin"])
            self.assertEqual(headers["Strict-Transport-Security"], "max-age=600")

    def refused(self, text):
        self.configure(text)
        run = subprocess.run([PROGRAM, "--web-config", str(self.config)], capture_output=True, text=True, timeout=10)
        self.assertEqual(run.returncode, 2)
        return run.stderr

    def test_what_does_not_load_is_told_at_start(self):
        self.assertIn("tls_server_confg", self.refused("tls_server_confg: {}\n"))
        self.authority.issue("other")
        mixed = self.refused("tls_server_config:\n  cert_file: server.pem\n  key_file: other.key\n")
        self.assertIn("other.key", mixed)
        self.assertIn("mismatch", mixed)
        (self.folder / "server.pem").write_text("no certificate")
        self.assertIn("server.pem", self.refused(self.TLS))
        self.assertNotIn("horse", self.refused("basic_auth_users:\n  ada: horse\n"))


if __name__ == "__main__":
    unittest.main(warnings="ignore")
