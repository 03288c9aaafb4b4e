"""The control port: plain HTTP on loopback, one POST a call: {"call": name, "arguments": {...}} -> {"result": ...} or
{"error": text}. Any public method of Tenant, Faults, Tokens (the setters), Graph (the setters) and of the stand-in."""

import http.server
import json
import urllib.request

_ELSEWHERE = {
    "faults": ("add_fault", "clear_faults"),
    "tokens": ("revoke_tokens", "set_token_lifetime", "set_secret", "expire_secret"),
    "graph": ("set_throttle", "set_audit_limits", "deny", "allow"),
}
_OWN = ("set_clock_skew", "requests_seen", "write_secret", "configuration")


def _find(standin, name):
    for part, names in _ELSEWHERE.items():
        if name in names:
            return getattr(getattr(standin, part), name)
    if name in _OWN:
        return getattr(standin, name)
    if name.startswith("_") or not callable(getattr(type(standin.tenant), name, None)):
        raise ValueError(f"no call {name!r}")
    return getattr(standin.tenant, name)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    standin = None

    def log_message(self, *_):
        pass

    def do_POST(self):
        try:
            request = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            answer = {"result": _find(self.standin, request["call"])(**request.get("arguments", {}))}
        except Exception as wrong:  # told to the caller, who knows what it asked
            answer = {"error": f"{type(wrong).__name__}: {wrong}"}
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def server(standin, host, port):
    made = http.server.ThreadingHTTPServer((host, port), type("Handler", (_Handler,), {"standin": standin}))
    made.daemon_threads = True
    return made


class Control:
    """The caller's end: Control(url).register_key("jane@corp.test", usage="NGC")."""

    def __init__(self, url):
        self._url = url
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*positional, **arguments):
            if positional:
                arguments = {**dict(zip(_FIRST.get(name, ()), positional, strict=True)), **arguments}
            body = json.dumps({"call": name, "arguments": arguments}).encode()
            request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
            with self._opener.open(request, timeout=30) as answer:
                result = json.load(answer)
            if "error" in result:
                raise RuntimeError(f"{name}: {result['error']}")
            return result["result"]

        return call


# Names of the arguments that may be given by position.
_FIRST = {
    "add_user": ("upn",), "change_user": ("user",), "delete_user": ("user",), "user": ("user",),
    "register_key": ("user",), "delete_key": ("key_id",), "keys": ("user",), "mark_synced": ("at",),
    "confirm_export": ("key_id", "operation"), "add_event": ("user", "activity"), "repeat_event": ("event_id",),
    "drop_event": ("event_id",), "add_fault": ("endpoint", "kind"), "deny": ("endpoint",), "allow": ("endpoint",),
    "set_secret": ("secret",), "write_secret": ("secret",), "set_clock_skew": ("seconds",),
    "set_method_id_form": ("form",), "set_token_lifetime": ("seconds",), "requests_seen": ("endpoint",),
    "hold_events": ("hold",), "disorder_events": ("seed",),
}
