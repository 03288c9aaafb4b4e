"""HTTPS in front of graph.py and tokens.py: sockets, TLS, compression, faults. One thread a connection."""

import contextlib
import gzip
import http.server
import json
import os
import ssl
import threading
import time
import urllib.parse
import uuid
from email.utils import formatdate

from . import certificates, control, graph, tenant, times, tokens
from .batch import answer_batch
from .faults import Faults


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Clients that hang up are part of the tests."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Microsoft-IIS/10.0", ""
    standin = None
    timeout = 60

    def log_message(self, *_):
        pass

    def setup(self):
        self.request.do_handshake()
        super().setup()

    def do_GET(self):
        self._serve(b"")

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        self._serve(self.rfile.read(min(length, 4 << 20)))

    def _serve(self, body):
        standin = self.standin
        target = urllib.parse.urlsplit(self.path)
        path = urllib.parse.unquote(target.path)
        endpoint, names = graph.route(target.path)
        if endpoint is None and path.endswith("/oauth2/v2.0/token"):
            endpoint = "token"
        fault = standin.faults.take(endpoint) if endpoint else None
        status, headers, answer = self._answer(endpoint, names, target, path, body, fault)
        standin.note(self.command, self.path, endpoint, status, self.headers)
        self._send(status, headers, answer, fault or {})

    def _answer(self, endpoint, names, target, path, body, fault):
        standin = self.standin
        kind = fault["kind"] if fault else None
        if kind == "status":
            return graph.error(fault["status"], fault.get("code", "UnknownError"), fault.get("message", ""),
                               dict(fault.get("headers", {})))
        if endpoint == "token":
            status, answer = standin.tokens.answer(path.split("/")[1], body, self.headers.get("Content-Type", ""))
            return status, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}, answer
        if not standin.tokens.valid(self.headers.get("Authorization")):
            return graph.error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.",
                               {"WWW-Authenticate": 'Bearer realm="", error="invalid_token"'})
        if endpoint == "batch":
            return answer_batch(standin.graph, body, fault)
        status, headers, answer = standin.graph.answer(endpoint, names, target.query)
        headers = {**headers, **standin.graph.throttle_headers(endpoint)}
        if status == 200:
            self._bend(answer, fault or {})
        return status, headers, answer

    def _bend(self, answer, fault):
        kind = fault.get("kind")
        if kind == "foreign_link":
            answer["@odata.nextLink"] = fault.get("link", "https://graph.example.net/v1.0/next")
        elif kind == "page_loop":
            answer["@odata.nextLink"] = self.standin.url + self.path
        elif kind == "unknown_members":
            for entity in [answer, *answer.get("value", [])]:
                entity["futureMember"] = {"nested": [1, None, "text"]}

    def _send(self, status, headers, answer, fault):
        kind = fault.get("kind")
        if kind == "drop":
            self.close_connection = True
            return
        if kind == "delay":
            self.standin.stopping.wait(fault["seconds"])
        data = json.dumps(answer).encode()
        content_type = "application/json; odata.metadata=minimal; charset=utf-8"
        if kind == "content_type":
            data, content_type = b"<html><body>Sign in to the network</body></html>", fault.get("type", "text/html")
        elif kind == "not_json":
            data = b'{"value": [nonsense'
        if kind == "gzip_bomb":
            data = b'{"value":[' + b" " * int(fault.get("bytes", 1 << 30)) + b"]}"
        compressed = "gzip" in self.headers.get("Accept-Encoding", "") and len(data) > 500 and kind in (None, "gzip_bomb")
        if compressed:
            data = gzip.compress(data, 1)
        self.send_response_only(status)
        self.send_header("Date", formatdate(time.time() + self.standin.clock_skew + self._skew(fault), usegmt=True))
        self.send_header("Content-Type", content_type)
        self.send_header("request-id", str(uuid.uuid4()))
        if compressed:
            self.send_header("Content-Encoding", "gzip")
        for name, value in headers.items():
            self.send_header(name, value)
        if kind == "huge":
            self._stream(int(fault.get("bytes", 1 << 30)))
            return
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if kind in ("stall", "truncate"):
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            if kind == "stall":
                self.standin.stopping.wait()
            self.close_connection = True
            return
        self.wfile.write(data)

    @staticmethod
    def _skew(fault):
        return fault["seconds"] if fault.get("kind") == "clock" else 0

    def _stream(self, size):
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        chunk = b" " * 65536
        head = b'{"value":['
        self.wfile.write(b"%x\r\n%s\r\n" % (len(head), head))
        for _ in range(size // len(chunk)):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"2\r\n]}\r\n0\r\n\r\n")


class EntraStandin:
    """See the package's docstring. Use as a context manager, or start() and stop()."""

    def __init__(self, state_dir, port=0, control_port=None, host="127.0.0.1", tenant_id=None, client_id=None,
                 secret=None, token_lifetime=3599, throttle=(5, 10.0), seed=None):
        self.state_dir = os.path.abspath(state_dir)
        os.makedirs(self.state_dir, exist_ok=True)
        self.host = host
        self.tenant_id = tenant_id or str(uuid.uuid5(uuid.NAMESPACE_DNS, "tenant.entra-standin.test"))
        self.client_id = client_id or str(uuid.uuid5(uuid.NAMESPACE_DNS, "keysyncd.entra-standin.test"))
        self.secret_file = os.path.join(self.state_dir, "secret")
        self.stopping = threading.Event()
        self.clock_skew = 0.0
        self.requests = []
        self._lock = threading.Lock()
        self.ca_file, certificate, key = certificates.make(self.state_dir)
        handler = type("Handler", (_Handler,), {"standin": self})
        self._server = _Server((host, port), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self.url = f"https://{host}:{self.port}"
        self.faults = Faults()
        self.tenant = tenant.Tenant(os.path.join(self.state_dir, "state.json"), seed)
        self.tenant.tenant_id = self.tenant_id
        self.tokens = tokens.Tokens(self.tenant_id, self.client_id, secret or "s3cret~of.the-stand-in", self.url +
                                    "/.default", token_lifetime)
        self.graph = graph.Graph(self.tenant, self.url, throttle)
        self.write_secret(self.tokens.secret)
        self._control = control.server(self, host, control_port) if control_port is not None else None
        self.control_url = f"http://{host}:{self._control.server_address[1]}" if self._control else None

    def write_secret(self, secret):
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.secret_file)
        descriptor = os.open(self.secret_file, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secret + "\n")

    def configuration(self, **more):
        """The `entra:` section of keysyncd's configuration, for this stand-in."""
        return {"tenant_id": self.tenant_id, "client_id": self.client_id,
                "credential": {"secret_file": self.secret_file}, "authority_url": self.url, "graph_url": self.url,
                "ca_file": self.ca_file, **more}

    def set_clock_skew(self, seconds):
        """The Date header of every answer is off by that much."""
        self.clock_skew = seconds

    def note(self, method, target, endpoint, status, headers):
        with self._lock:
            self.requests.append({"at": times.text(times.now()), "method": method, "target": target,
                                  "endpoint": endpoint, "status": status, "user_agent": headers.get("User-Agent"),
                                  "encoding": headers.get("Accept-Encoding")})

    def requests_seen(self, endpoint=None):
        with self._lock:
            return [request for request in self.requests if endpoint in (None, request["endpoint"])]

    def start(self):
        for server in filter(None, (self._server, self._control)):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        self.stopping.set()
        for server in filter(None, (self._server, self._control)):
            server.shutdown()
            server.server_close()
        self.tenant.save()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
