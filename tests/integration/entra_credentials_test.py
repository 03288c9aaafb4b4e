#!/usr/bin/python3
"""Every way to a token, against the stand-in's token endpoint and metadata service: certificates in all their forms,
workload identity, managed identities of Azure VMs and Arc machines."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from entra_standin import EntraStandin
from entra_standin.assertions import CertificateCheck, FederatedCheck
from entra_standin.metadata import MetadataService
from graph_probe import GraphProbe

PROBE = sys.argv.pop(1)


class CredentialsTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="keysyncd-entra-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.entra = EntraStandin(directory.name, throttle=None).start()
        self.addCleanup(self.entra.stop)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(text)
        return self.path(name)

    def probe(self, environment=None, **settings):
        made = GraphProbe(PROBE, self.entra.configuration(**settings),
                          environment and {**os.environ, **environment})
        self.addCleanup(made.close)
        return made

    def assert_works(self, environment=None, **settings):
        self.assertNotIn("error", self.probe(environment, **settings).call("organization"))

    def refusal(self, environment=None, **settings):
        outcome = self.probe(environment, **settings).call("organization")
        self.assertIn("error", outcome)
        self.assertEqual(outcome["error"]["failure"], "token")
        return outcome["error"]["detail"]

    def make_certificate(self, name="client"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=client",
                        "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.pem")],
                       check=True, capture_output=True)
        return self.path(f"{name}.pem"), self.path(f"{name}.key")

    def register_certificate(self, certificate):
        audience = f"{self.entra.url}/{self.entra.tenant_id}/oauth2/v2.0/token"
        self.entra.tokens.check_assertion = CertificateCheck(certificate, audience, self.entra.client_id)

    def test_a_certificate_signs_assertions_in_both_algorithms(self):
        certificate, key = self.make_certificate()
        self.register_certificate(certificate)
        self.assert_works(credential={"certificate_file": certificate, "key_file": key})
        self.assert_works(credential={"certificate_file": certificate, "key_file": key, "algorithm": "RS256"})

    def test_a_pkcs12_store_with_a_password(self):
        certificate, key = self.make_certificate()
        self.register_certificate(certificate)
        store = self.path("client.p12")
        subprocess.run(["openssl", "pkcs12", "-export", "-in", certificate, "-inkey", key, "-out", store, "-passout",
                        "pass:sesame"], check=True, capture_output=True)
        password = self.write("password", "sesame\n")
        self.assert_works(credential={"certificate_file": store, "password_file": password})
        self.assertIn("password_file", self.refusal(credential={"certificate_file": store}))

    def test_a_certificate_that_the_application_does_not_know(self):
        self.register_certificate(self.make_certificate("registered")[0])
        certificate, key = self.make_certificate("stranger")
        detail = self.refusal(credential={"certificate_file": certificate, "key_file": key})
        self.assertIn("AADSTS700027", detail)
        self.assertIn("upload", detail)

    def test_a_renewed_certificate_is_used_without_a_restart(self):
        certificate, key = self.make_certificate()
        self.register_certificate(certificate)
        probe = self.probe(credential={"certificate_file": certificate, "key_file": key})
        self.assertNotIn("error", probe.call("organization"))
        self.make_certificate()
        self.register_certificate(certificate)
        self.entra.tokens.revoke_tokens()
        self.assertNotIn("error", probe.call("organization"))

    def test_a_federated_token_is_read_again_for_each_token(self):
        file = self.write("token", "first.jwt.x")
        check = FederatedCheck(["first.jwt.x"])
        self.entra.tokens.check_assertion = check
        probe = self.probe(credential={"federated_token_file": file})
        self.assertNotIn("error", probe.call("organization"))
        check.trusted = {"second.jwt.x"}
        self.entra.tokens.revoke_tokens()
        outcome = probe.call("organization")
        self.assertIn("AADSTS700213", outcome["error"]["detail"])
        self.write("token", "second.jwt.x")
        self.assertNotIn("error", probe.call("organization"))

    def metadata(self, client_id=None):
        service = MetadataService(self.entra.tokens, self.entra.url + "/", self.directory, client_id)
        self.addCleanup(service.__exit__)
        return service.__enter__()

    def test_the_identity_of_an_azure_vm_never_by_a_proxy(self):
        service = self.metadata(client_id="11111111-2222-3333-4444-555555555555")
        environment = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": service.url, "http_proxy": "http://127.0.0.1:1"}
        self.assert_works(environment, credential={"managed_identity": "system"})
        self.assert_works(environment, credential={"managed_identity": service.client_id})
        self.assertIn("Identity not found", self.refusal(environment, credential={"managed_identity": "other"}))

    def test_an_arc_challenge_outside_the_agents_folder_is_not_answered(self):
        service = self.metadata()
        environment = {"IDENTITY_ENDPOINT": service.url + "/arc/token", "IMDS_ENDPOINT": service.url}
        detail = self.refusal(environment, credential={"managed_identity": "system"})
        self.assertIn("not read", detail)
        self.assertIn("/var/opt/azcmagent/tokens", detail)

    def test_an_arc_challenge_is_answered_with_the_file_that_it_names(self):
        """The agent's folder is fixed: the probe sees the test's own in its place, in a mount namespace."""
        wrapper = ("unshare", "--map-root-user", "--mount", "sh", "-c",
                   f'mount --bind "{self.directory}" /var/opt && exec "$@"', "sh")
        if subprocess.run([*wrapper, "true"], capture_output=True).returncode != 0:
            self.skipTest("skipped: no mount namespaces here")
        tokens = pathlib.Path(self.directory) / "azcmagent" / "tokens"
        tokens.mkdir(parents=True)
        service = self.metadata()
        service.key_directory = str(tokens)
        service.realm = lambda path: f"/var/opt/azcmagent/tokens/{pathlib.Path(path).name}"
        configuration = self.entra.configuration(patience_ms=2000, credential={"managed_identity": "system"})
        environment = {**os.environ, "IDENTITY_ENDPOINT": service.url + "/arc/token", "IMDS_ENDPOINT": service.url}
        probe = GraphProbe(PROBE, configuration, environment, wrapper)
        self.addCleanup(probe.close)
        self.assertNotIn("error", probe.call("organization"))
        self.assertEqual(len(list(tokens.glob("*.key"))), 1, "one challenge, answered")
        self.entra.tokens.revoke_tokens()
        self.assertNotIn("error", probe.call("organization"))
        (tokens / "large.key").write_text("x" * 4097)
        service.realm = lambda path: "/var/opt/azcmagent/tokens/large.key"
        self.entra.tokens.revoke_tokens()
        self.assertIn("4096", probe.call("organization")["error"]["detail"])


if __name__ == "__main__":
    unittest.main()
