"""A real HTTP/2 server (nghttpx, package nghttp2-proxy) before the Entra stand-in, which speaks HTTP/1.1: TLS with ALPN
on loopback, in a folder of its own."""

import os
import shutil
import subprocess
import tempfile

from lab import children
from lab.addresses import free_port
from lab.errors import LabError

_PATH = os.environ.get("PATH", "") + ":/usr/sbin"


def available():
    return shutil.which("nghttpx", path=_PATH) is not None


class Http2Front:
    def __init__(self, entra):
        """`entra`: an EntraStandin, whose certificate is shown."""
        self._folder = tempfile.mkdtemp(prefix="keysyncd-http2-")
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self._log = os.path.join(self._folder, "access.log")
        certificate = [os.path.join(entra.state_dir, name) for name in ("server.key", "server.pem")]
        self._process = children.start(
            [shutil.which("nghttpx", path=_PATH), "--conf=/dev/null", f"--frontend=127.0.0.1,{self.port}",
             f"--backend=127.0.0.1,{entra.port};;tls;proto=http/1.1", "--insecure", "--workers=1",
             "--no-ocsp", "--errorlog-file=/dev/stderr", f"--accesslog-file={self._log}",
             "--accesslog-format=$alpn $status", *certificate],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait(entra.ca_file)

    def _wait(self, ca_file):
        def answers():
            return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-alpn", "h2",
                                   "-CAfile", ca_file], stdin=subprocess.DEVNULL, capture_output=True).returncode == 0

        if not children.wait_until(answers, 20, interval=0.1):
            self.close()
            raise LabError("nghttpx did not answer within 20 s")

    def protocols(self, least):
        """What each request came by, h2 or http/1.1, once there are so many."""
        def lines():
            with open(self._log, encoding="ascii") as file:
                return [line.split()[0] for line in file]

        children.wait_until(lambda: len(lines()) >= least, 5)
        return lines()

    def close(self):
        children.end(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
