"""The systemd unit: what it gives up, by systemd's own measure; and the daemon's side of Type=notify and WatchdogSec=,
spoken to a service manager that this test plays.

    KEYSYNCD=.../keysyncd systemd_unit_test.py
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
UNIT = PROJECT / "deploy/systemd/keysyncd.service"
EXPOSURE_LIMIT = 1.5
SILENCE = 10  # seconds after which the daemon is said to be silent


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class UnitFileTest(unittest.TestCase):
    def test_exposure(self):
        result = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager",
                                 f"--threshold={int(EXPOSURE_LIMIT * 10)}", str(UNIT)], capture_output=True, text=True)
        found = re.search(r"Overall exposure level for keysyncd\.service: (\d+\.\d+)", result.stdout)
        self.assertIsNotNone(found, result.stdout + result.stderr)
        print(f"systemd-analyze security: exposure {found[1]}")
        self.assertLessEqual(float(found[1]), EXPOSURE_LIMIT, result.stdout)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_syntax(self):
        """systemd-analyze verify finds nothing, with the programs and pages that the package would install."""
        with tempfile.TemporaryDirectory(prefix="keysyncd-unit-") as folder:
            text = UNIT.read_text(encoding="utf-8")
            text = text.replace("/usr/bin/keysyncd", os.environ.get("KEYSYNCD", "/bin/true"))
            text = re.sub(r"(?m)^Documentation=.*$", "", text)
            copy = pathlib.Path(folder) / "keysyncd.service"
            copy.write_text(text, encoding="utf-8")
            result = subprocess.run(["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True)
        complaints = [line for line in result.stderr.splitlines() if "keysyncd" in line]
        self.assertEqual(complaints, [])

    def test_pages_and_flags_exist(self):
        text = UNIT.read_text(encoding="utf-8")
        for page, section in re.findall(r"man:(\S+)\((\d)\)", text):
            self.assertTrue((PROJECT / f"deploy/man/{page}.{section}").exists(), page)
        self.assertIn("RestartPreventExitStatus=2", text)


class ServiceManager:
    """The end of NOTIFY_SOCKET that systemd holds."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.heard = []

    def listen(self, seconds):
        """The next message, or None."""
        self.socket.settimeout(max(seconds, 0.01))
        try:
            message = self.socket.recv(65536).decode()
        except TimeoutError:
            return None
        self.heard.append(message)
        return message

    def wait_for(self, start, seconds=SILENCE):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            message = self.listen(deadline - time.monotonic())
            if message is not None and message.startswith(start):
                return message
        raise AssertionError(f"no {start} within {seconds} s; heard {self.heard}")


@unittest.skipUnless(os.environ.get("KEYSYNCD"), "KEYSYNCD is not set")
class NotifyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keysyncd-notify-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        password = self.folder / "password"
        password.write_text("sesame\n")
        password.chmod(0o600)
        self.configuration = self.folder / "keysyncd.yaml"
        # Nobody listens there: a source that is down must neither hold up the start nor starve the watchdog.
        self.configuration.write_text(json.dumps({
            "domains": [{"name": "corp.example.com", "servers": ["ldaps://127.0.0.1:1"],
                         "bind": {"method": "simple", "dn": "svc", "password_file": "password"}}],
            "ledger": {"path": "ledger.db"}}))
        self.manager = ServiceManager(self.folder)
        self.addCleanup(self.manager.socket.close)

    def start(self, watchdog_seconds):
        environment = dict(os.environ, NOTIFY_SOCKET=self.manager.path, WATCHDOG_USEC=str(watchdog_seconds * 1000000))
        environment.pop("WATCHDOG_PID", None)
        log = (self.folder / "log").open("w")
        daemon = subprocess.Popen([os.environ["KEYSYNCD"], "run", f"--config.file={self.configuration}",
                                   "--web.listen-address=127.0.0.1:0"], env=environment, stdout=log,
                                  stderr=subprocess.STDOUT)
        self.addCleanup(self.end, daemon, log)
        return daemon

    def end(self, daemon, log):
        if daemon.poll() is None:
            daemon.kill()
        daemon.wait()
        log.close()

    def test_a_life(self):
        daemon = self.start(watchdog_seconds=3)
        self.manager.wait_for("READY=1")
        for _ in range(3):
            self.manager.wait_for("WATCHDOG=1", seconds=3)
        daemon.send_signal(signal.SIGHUP)
        reloading = self.manager.wait_for("RELOADING=1")
        self.assertRegex(reloading, r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
        self.manager.wait_for("READY=1")
        daemon.terminate()
        self.manager.wait_for("STOPPING=1")
        self.assertEqual(daemon.wait(SILENCE), 0)

    def test_a_reload_that_fails_ends_ready_as_well(self):
        daemon = self.start(watchdog_seconds=60)
        self.manager.wait_for("READY=1")
        self.configuration.write_text("domains: [\n")
        daemon.send_signal(signal.SIGHUP)
        self.manager.wait_for("RELOADING=1")
        self.manager.wait_for("READY=1")
        self.assertIsNone(daemon.poll())

    def test_a_daemon_that_stands_still_is_silent(self):
        daemon = self.start(watchdog_seconds=2)
        self.manager.wait_for("WATCHDOG=1")
        daemon.send_signal(signal.SIGSTOP)
        while self.manager.listen(0.2):
            pass
        self.assertIsNone(self.manager.listen(3), "a stopped process can't feed the watchdog")
        daemon.send_signal(signal.SIGCONT)
        self.manager.wait_for("WATCHDOG=1", seconds=3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
