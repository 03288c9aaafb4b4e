"""A real proxy (package squid-openssl) on loopback, with or without a password, in a folder of its own."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

CONFIGURATION = """
http_port 127.0.0.1:{port}
pid_filename none
visible_hostname proxy.test
cache deny all
cache_mem 8 MB
access_log stdio:{folder}/access.log
cache_log {folder}/cache.log
coredump_dir {folder}
logfile_rotate 0
shutdown_lifetime 0 seconds
{access}
"""
WITH_PASSWORD = """
auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/users
auth_param basic children 1 startup=1
auth_param basic realm test
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
"""


def available():
    return shutil.which("squid", path=os.environ.get("PATH", "") + ":/usr/sbin") is not None


class SquidProxy:
    """`user` and `password`: basic authentication is demanded. deny=True: nothing is let through."""

    def __init__(self, user=None, password=None, deny=False):
        self._folder = tempfile.mkdtemp(prefix="keysyncd-squid-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        access = "http_access deny all" if deny else "http_access allow all"
        if user:
            hashed = subprocess.run(["openssl", "passwd", "-apr1", password], check=True, capture_output=True, text=True)
            self._write("users", f"{user}:{hashed.stdout.strip()}\n")
            access = WITH_PASSWORD.format(folder=self._folder)
        if os.geteuid() == 0:  # squid gives up its rights; the folder has to be its own
            account = pwd.getpwnam("proxy")
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        self._write("squid.conf", CONFIGURATION.format(port=self.port, folder=self._folder, access=access))
        self._process = subprocess.Popen(["/usr/sbin/squid", "-N", "-f", os.path.join(self._folder, "squid.conf")],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait()

    def _write(self, name, text):
        path = os.path.join(self._folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o644)

    def _wait(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self.close()
        raise RuntimeError("squid did not start")

    def log(self):
        """Requests so far, one a line."""
        path = os.path.join(self._folder, "access.log")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()

    def connections(self, least, naming="", seconds=10):
        """The log's CONNECT lines that have `naming` in them, an account say, waited for: squid writes a refusal at
        once, and what it let through only when that connection ends."""
        deadline = time.monotonic() + seconds
        while True:
            lines = [line for line in self.log() if "CONNECT" in line and naming in line]
            if len(lines) >= least or time.monotonic() > deadline:
                return lines
            time.sleep(0.05)

    def close(self):
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
