"""Starts the web server with canned figures (tests/support/web) on a free loopback port."""

import socket
import subprocess


class WebStandIn:
    """`with WebStandIn(program, "--lifecycle") as web:`; web.addresses are (host, port) pairs."""

    def __init__(self, program, *arguments):
        self._command = [program, *arguments]

    def __enter__(self):
        self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addresses = []
        for line in self.process.stdout:
            if not line.strip():
                break
            host, port = line.strip().rsplit(":", 1)
            self.addresses.append((host.strip("[]"), int(port)))
        if not self.addresses:
            raise RuntimeError(f"the server did not start: {self.process.stderr.read()}")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.errors = self.process.communicate(timeout=10)[1]

    @property
    def origin(self):
        host, port = self.addresses[0]
        return f"http://{host}:{port}"

    def connect(self, timeout=10):
        return socket.create_connection(self.addresses[0], timeout=timeout)


def read_response(stream, body=True):
    """One response from a socket's file: (status, headers, body)."""
    line = stream.readline()
    if not line:
        raise EOFError("the server closed the connection")
    status = int(line.split()[1])
    headers = {}
    while (line := stream.readline().rstrip(b"\r\n")):
        name, value = line.split(b":", 1)
        headers[name.decode().lower()] = value.strip().decode()
    length = int(headers.get("content-length", 0))
    return status, headers, stream.read(length) if body else b""
