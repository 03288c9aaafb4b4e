"""Checks client assertions as the token endpoint does: thumbprint, algorithm, claims, time, signature (by openssl)."""

import base64
import hashlib
import json
import os
import subprocess
import tempfile
import time


def _decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _thumbprint(der, algorithm):
    return base64.urlsafe_b64encode(hashlib.new(algorithm, der).digest()).decode().rstrip("=")


class CertificateCheck:
    """Accepts assertions that are signed with the key of this certificate (PEM file)."""

    def __init__(self, certificate_file, audience, client_id):
        self._file, self._audience, self._client_id = certificate_file, audience, client_id
        with open(certificate_file, encoding="ascii") as file:
            pem = file.read()
        body = pem.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0]
        self._der = base64.b64decode("".join(body.split()))
        self._seen = set()

    def __call__(self, assertion):
        """None when good, else (code, message)."""
        try:
            head, claims, signature = assertion.split(".")
            header, body = json.loads(_decode(head)), json.loads(_decode(claims))
        except ValueError:
            return 50027, "JWT token is invalid or malformed."
        known = {"PS256": ("x5t#S256", "sha256"), "RS256": ("x5t", "sha1")}.get(header.get("alg"))
        if known is None or header.get(known[0]) != _thumbprint(self._der, known[1]):
            return 700027, "The certificate with the given identifier is not registered for this application."
        if body.get("aud") != self._audience or not body.get("iss") == body.get("sub") == self._client_id:
            return 700023, "Client assertion audience claim does not match Realm issuer."
        now = time.time()
        if not body["nbf"] - 300 <= now <= body["exp"] or body["exp"] - body["nbf"] > 3600:
            return 700024, "Client assertion is not within its valid time range."
        if body.get("jti") in self._seen:
            return 700028, "Client assertion was used before."
        self._seen.add(body.get("jti"))
        if not self._verifies(header["alg"], f"{head}.{claims}".encode(), _decode(signature)):
            return 700027, "The certificate's signature is invalid."
        return None

    def _verifies(self, algorithm, data, signature):
        options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"] if algorithm == "PS256" else []
        with tempfile.TemporaryDirectory() as directory:
            path = lambda name: os.path.join(directory, name)  # noqa: E731
            with open(path("signature"), "wb") as file:
                file.write(signature)
            with open(path("public.pem"), "wb") as file:
                subprocess.run(["openssl", "x509", "-in", self._file, "-pubkey", "-noout"], check=True, stdout=file)
            done = subprocess.run(["openssl", "dgst", "-sha256", *options, "-verify", path("public.pem"), "-signature",
                                   path("signature")], input=data, capture_output=True)
            return done.returncode == 0


class FederatedCheck:
    """Accepts the assertions of this set: what an identity provider is trusted to have issued."""

    def __init__(self, trusted):
        self.trusted = set(trusted)

    def __call__(self, assertion):
        return None if assertion in self.trusted else (
            700213, "No matching federated identity record found for presented assertion subject.")
