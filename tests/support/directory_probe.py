"""Runs the directory_probe program: one DomainReader that lives as long as a test wants, polled line by line."""

import json
import os
import select
import subprocess
import time

from lab import children


class ProbeError(AssertionError):
    pass


class Poll:
    """What one poll told: `users` by sAMAccountName, `end` or `error`."""

    def __init__(self, lines, seconds):
        self.begin = next((line for line in lines if line["event"] == "begin"), None)
        self.end = next((line for line in lines if line["event"] == "end"), None)
        self.error = next((line for line in lines if line["event"] == "error"), None)
        self.users = {line["sam"]: line for line in lines if line["event"] == "user"}
        self.seconds = seconds

    def key_ids(self, name):
        return sorted(key["key_id"] for key in self.users[name]["keys"])


class DirectoryProbe:
    """Settings as keywords: server (one or a list), ca, start_tls, dn, password_file, base, filter ..."""

    def __init__(self, environment=None, etc=None, **settings):
        """`etc`: files to see in /etc instead of the machine's, as {"hosts": path}; needs root."""
        mounts = "".join(f"mount --bind '{path}' /etc/{name} && " for name, path in (etc or {}).items())
        wrapper = ["unshare", "-m", "sh", "-c", mounts + 'exec "$@"', "sh"] if etc else []
        arguments = []
        for name, value in settings.items():
            for one in value if isinstance(value, list) else [value]:
                arguments.append(f"{name}={one}")
        self._process = children.start([*wrapper, os.environ["DIRECTORY_PROBE"], *arguments], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, bufsize=0, env={**os.environ, **(environment or {})})
        self._pending = b""

    def poll(self, deadline=60):
        return self._passes("poll", deadline)

    def sweep(self, deadline=60):
        return self._passes("sweep", deadline)

    def look(self, most_users, deadline=60):
        return self._passes(f"look {most_users}", deadline)

    def forget(self):
        self._send("forget")

    def spoil_cookies(self):
        self._send("spoil")

    def look_up(self, sid=None, guid=None):
        """The user, or None when it is not there."""
        self._send(f"sid {sid}" if sid else f"guid {guid}")
        line = self._read(time.monotonic() + 60)
        if line["event"] == "error":
            raise ProbeError(line)
        return line if line["event"] == "user" else None

    def has_arrived(self, guid, key_id):
        """The user's whenChanged on the observed server once the key is there, else None."""
        self._send(f"watch {guid} {key_id}")
        line = self._read(time.monotonic() + 60)
        if line["event"] == "error":
            raise ProbeError(line)
        return line["when_changed"] if line["arrived"] else None

    def await_nothing(self):
        """A look at the observed server with no key to look for."""
        self._send("rest")
        self._read(time.monotonic() + 60)

    def _passes(self, command, deadline):
        begun = time.monotonic()
        self._send(command)
        lines = []
        while not lines or lines[-1]["event"] not in ("end", "error"):
            lines.append(self._read(begun + deadline))
        return Poll(lines, time.monotonic() - begun)

    def _send(self, line):
        self._process.stdin.write(line.encode() + b"\n")

    def _read(self, end_time):
        while b"\n" not in self._pending:
            remaining = end_time - time.monotonic()
            if remaining <= 0 or not select.select([self._process.stdout], [], [], remaining)[0]:
                raise ProbeError("the probe did not answer in time")
            chunk = os.read(self._process.stdout.fileno(), 1 << 16)
            if not chunk:
                raise ProbeError(f"the probe ended with status {self._process.wait()}")
            self._pending += chunk
        line, self._pending = self._pending.split(b"\n", 1)
        return json.loads(line)

    def close(self):
        children.kill(self._process)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()
