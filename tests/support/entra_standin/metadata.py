"""The managed identity of a machine, over plain HTTP on loopback: the instance metadata service of an Azure VM at
/metadata/identity/oauth2/token, and the Azure Arc agent at /arc/token with its challenge file."""

import http.server
import json
import os
import threading
import urllib.parse
import uuid


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        target = urllib.parse.urlsplit(self.path)
        query = {name: values[0] for name, values in urllib.parse.parse_qs(target.query).items()}
        if self.headers.get("Metadata") != "true" or self.headers.get("X-Forwarded-For"):
            return self._answer(400, {"error": "bad_request_102", "error_description": "Required metadata header not specified"})
        if query.get("resource") != self.service.resource:
            return self._answer(400, {"error": "invalid_resource", "error_description": "unknown resource"})
        if target.path == "/arc/token":
            return self._arc()
        wanted = query.get("client_id")
        if wanted and wanted != self.service.client_id:
            return self._answer(400, {"error": "invalid_request", "error_description": "Identity not found"})
        return self._token()

    def _arc(self):
        service = self.service
        if self.headers.get("Authorization") == "Basic " + service.arc_secret:
            return self._token()
        service.arc_secret = uuid.uuid4().hex
        path = os.path.join(service.key_directory, uuid.uuid4().hex + ".key")
        with open(path, "w", encoding="ascii") as file:
            file.write(service.arc_secret)
        return self._answer(401, {}, {"WWW-Authenticate": f"Basic realm={service.realm(path)}"})

    def _token(self):
        self._answer(200, {"access_token": self.service.tokens.issue(), "expires_in": "3599", "expires_on": "0",
                           "not_before": "0", "resource": self.service.resource, "token_type": "Bearer"})

    def _answer(self, status, body, headers=None):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


class MetadataService:
    def __init__(self, tokens, resource, key_directory, client_id=None):
        self.tokens, self.resource, self.key_directory, self.client_id = tokens, resource, key_directory, client_id
        self.arc_secret = uuid.uuid4().hex
        self.realm = lambda path: path  # the name under which the challenge tells the file
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"service": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
