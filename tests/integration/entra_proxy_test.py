#!/usr/bin/python3
"""Graph through a real proxy (squid): with and without a password, NO_PROXY, refusals, and no secret in any error. And
behind a real HTTP/2 server (nghttpx), as Microsoft's are."""

import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http2_front
import squid_proxy
from entra_standin import EntraStandin
from graph_probe import GraphProbe

PROBE = sys.argv.pop(1)
PROXY_VARIABLES = ("http_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY")


@unittest.skipUnless(squid_proxy.available(), "skipped: no squid here")
class ProxyTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="keysyncd-entra-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.entra = EntraStandin(directory.name).start()
        self.addCleanup(self.entra.stop)

    def call(self, environment=None, **settings):
        clean = {name: value for name, value in os.environ.items() if name not in PROXY_VARIABLES}
        probe = GraphProbe(PROBE, self.entra.configuration(patience_ms=2000, **settings), {**clean, **(environment or {})})
        try:
            return probe.call("organization")
        finally:
            probe.close()

    def password_file(self, password):
        path = os.path.join(self.directory, "proxy-password")
        with open(path, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(password + "\n")
        return path

    def assert_went_by(self, proxy, least=1):
        lines = proxy.connections(least)
        self.assertGreaterEqual(len(lines), least, lines)
        self.assertIn(f"127.0.0.1:{self.entra.port}", lines[0])

    def test_without_a_password_configured_and_from_the_environment(self):
        with squid_proxy.SquidProxy() as proxy:
            self.assertNotIn("error", self.call(proxy=proxy.url))
            self.assert_went_by(proxy)
            self.assertNotIn("error", self.call({"HTTPS_PROXY": proxy.url}))
            self.assert_went_by(proxy, 2)

    def test_no_proxy_counts_for_both(self):
        dead = "http://127.0.0.1:1"
        self.assertNotIn("error", self.call({"HTTPS_PROXY": dead, "NO_PROXY": "example.com,127.0.0.1"}))
        self.assertNotIn("error", self.call({"NO_PROXY": "127.0.0.0/8"}, proxy=dead))
        self.assertEqual(self.call(proxy=dead)["error"]["failure"], "connect")

    def test_with_a_password(self):
        with squid_proxy.SquidProxy("keysyncd", "pass:word@proxy") as proxy:
            url = proxy.url.replace("http://", "http://keysyncd@")
            self.assertNotIn("error", self.call(proxy=url, proxy_password_file=self.password_file("pass:word@proxy")))
            self.assertTrue(proxy.connections(1, naming=" keysyncd "), proxy.log())
            wrong = self.call(proxy=url, proxy_password_file=self.password_file("wr0ng-secret"))
            self.assertEqual(wrong["error"]["failure"], "proxy")
            self.assertIn("407", wrong["error"]["detail"])
            self.assertIn("entra.proxy_password_file", wrong["error"]["detail"])
            self.assertNotIn("wr0ng-secret", json.dumps(wrong))
            missing = self.call(proxy=url)
            self.assertEqual(missing["error"]["failure"], "proxy")

    def test_a_proxy_that_refuses(self):
        with squid_proxy.SquidProxy(deny=True) as proxy:
            outcome = self.call(proxy=proxy.url)
            self.assertEqual(outcome["error"]["failure"], "proxy")
            self.assertIn("403", outcome["error"]["detail"])

    def test_a_proxy_whose_name_is_unknown(self):
        # No DNS takes a label of 64 letters: the name is unknown without anybody's being asked.
        self.assertEqual(self.call(proxy=f"http://{'x' * 64}.invalid:3128")["error"]["failure"], "proxy")

    def test_verification_holds_behind_a_proxy(self):
        with squid_proxy.SquidProxy() as proxy:
            outcome = self.call(proxy=proxy.url, ca_file="")
            self.assertEqual(outcome["error"]["failure"], "tls")


@unittest.skipUnless(http2_front.available(), "skipped: no nghttpx here")
class Http2Test(unittest.TestCase):
    def test_pages_batches_compression_and_errors_over_http_2(self):
        with tempfile.TemporaryDirectory(prefix="keysyncd-entra-") as directory, \
                EntraStandin(directory, throttle=None, seed=7) as entra, http2_front.Http2Front(entra) as front:
            entra.graph.base_url = front.url  # nextLinks lead to where the client has asked
            users = [entra.tenant.add_user(f"user{number}@corp.test")["id"] for number in range(30)]
            for number in range(1100):
                entra.tenant.register_key(users[number % 30])
            clean = {name: value for name, value in os.environ.items() if name not in PROXY_VARIABLES}
            settings = entra.configuration(reports_window_ms=50, authority_url=front.url, graph_url=front.url)
            entra.tokens.scope = front.url + "/.default"
            probe = GraphProbe(PROBE, settings, clean)
            self.addCleanup(probe.close)
            outcome = probe.registrations()
            self.assertNotIn("error", outcome)
            self.assertEqual(len(outcome["events"]), 1100)
            entra.faults.add_fault("audit", "status", status=401, code="InvalidAuthenticationToken")
            self.assertEqual(len(probe.registrations()["events"]), 1100)
            self.assertTrue(all(answer["user"] for answer in probe.call("users", users=users)["users"]))
            entra.faults.add_fault("audit", "truncate")
            outcome = probe.registrations()
            self.assertEqual((len(outcome["events"]), outcome["requests"][0]), (1100, "audit error"))
            protocols = front.protocols(9)
        self.assertGreaterEqual(len(protocols), 9)
        self.assertEqual(set(protocols), {"h2"})


if __name__ == "__main__":
    unittest.main()
