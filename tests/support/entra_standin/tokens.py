"""The token endpoint: client_credentials by secret, with Microsoft's error codes, and the check of bearer tokens."""

import base64
import json
import threading
import time
import urllib.parse
import uuid

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _error(status, error, code, message):
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
    text = f"AADSTS{code}: {message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
    return status, {"error": error, "error_description": text, "error_codes": [code], "timestamp": stamp,
                    "trace_id": trace, "correlation_id": correlation,
                    "error_uri": f"https://login.microsoftonline.com/error?code={code}"}


class Tokens:
    def __init__(self, tenant_id, client_id, secret, scope, lifetime=3599):
        self._lock = threading.Lock()
        self.tenant_id, self.client_id, self.secret, self.scope = tenant_id, client_id, secret, scope
        self.lifetime = lifetime
        self.secret_expired = False
        self.check_assertion = None  # (assertion) -> None when good, else (code, message)
        self._issued = {}

    def issue(self, lifetime=None):
        lifetime = self.lifetime if lifetime is None else lifetime
        part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")  # noqa: E731
        token = ".".join([part({"typ": "JWT", "alg": "RS256"}), part({"jti": str(uuid.uuid4())}), "c2lnbmF0dXJl"])
        with self._lock:
            self._issued[token] = time.monotonic() + lifetime
        return token

    def revoke_tokens(self):
        """Every token issued so far is refused from now on."""
        with self._lock:
            self._issued.clear()

    def set_token_lifetime(self, seconds):
        self.lifetime = seconds

    def set_secret(self, secret):
        """The administrator rotates the secret."""
        self.secret = secret

    def expire_secret(self, expired=True):
        self.secret_expired = expired

    def valid(self, authorization):
        scheme, _, token = (authorization or "").partition(" ")
        with self._lock:
            return scheme.lower() == "bearer" and self._issued.get(token, 0) > time.monotonic()

    def answer(self, tenant, body, content_type):
        """(status, JSON) for POST /{tenant}/oauth2/v2.0/token."""
        if not content_type.startswith("application/x-www-form-urlencoded"):
            return _error(400, "invalid_request", 900144, "The request body must be a form.")
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body.decode("utf-8", "replace")).items()}
        if tenant != self.tenant_id:
            return _error(400, "invalid_request", 90002, f"Tenant '{tenant}' not found. Check to make sure you have the "
                          "correct tenant ID and are signing into the correct cloud.")
        if form.get("grant_type") != "client_credentials":
            return _error(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if form.get("client_id") != self.client_id:
            return _error(400, "unauthorized_client", 700016, f"Application with identifier '{form.get('client_id')}' "
                          "was not found in the directory.")
        if form.get("scope") != self.scope:
            return _error(400, "invalid_scope", 70011, f"The provided value for scope {form.get('scope')} is not valid.")
        if form.get("client_assertion_type") == ASSERTION_TYPE and self.check_assertion:
            wrong = self.check_assertion(form.get("client_assertion", ""))
            if wrong:
                return _error(401, "invalid_client", *wrong)
        elif form.get("client_secret") != self.secret:
            return _error(401, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent "
                          "in the request is the client secret value, not the client secret ID.")
        elif self.secret_expired:
            return _error(401, "invalid_client", 7000222, f"The provided client secret keys for app '{self.client_id}' "
                          "are expired.")
        return 200, {"token_type": "Bearer", "expires_in": self.lifetime, "ext_expires_in": self.lifetime,
                     "access_token": self.issue()}
