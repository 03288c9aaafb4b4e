"""One GraphReader in a process of its own (graph_probe.cpp), kept alive between calls."""

import json
import subprocess


class GraphProbe:
    def __init__(self, program, settings, environment=None, wrapper=()):
        """`wrapper`: a command that runs the probe, for example in a namespace."""
        self._process = subprocess.Popen([*wrapper, program, json.dumps(settings)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True, env=environment)

    def call(self, name, **arguments):
        self._process.stdin.write(json.dumps({"call": name, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the probe ended with {self._process.wait(10)}")
        return json.loads(line)

    def registrations(self, since="2020-01-01T00:00:00Z", **arguments):
        return self.call("registrations", since=since, **arguments)

    def close(self):
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def peak_memory(self):
        """Bytes that were resident at the most."""
        with open(f"/proc/{self._process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))
