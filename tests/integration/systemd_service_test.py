"""The service as systemd runs it: the package is installed in a copy of this system, systemd is booted there, and the
unit is started, reloaded, stalled, misconfigured, stopped, upgraded and removed. Everything happens in namespaces of its own (mounts,
processes, network, control groups), as root; where that can't be, the test says so and is skipped.

    systemd_service_test.py BUILD_DIRECTORY
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

SCRIPT = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(SCRIPT.parents[1] / "support"))

import system_copy  # noqa: E402
from system_copy import SHARED, dpkg, run  # noqa: E402

SKIPPED = 77
BOOT_LIMIT = 120  # seconds; a loaded machine boots slowly
TEST_LIMIT = 300
SYSTEMD = "/lib/systemd/systemd"
ADDRESS = "http://127.0.0.1:10061"

CONFIGURATION = """\
domains:
  - name: corp.example.com
    servers: [ldaps://127.0.0.1:1]
    bind: {method: simple, dn: svc, password_file: "${CREDENTIALS_DIRECTORY}/secret_ad-password"}
"""

# Boots only what the service needs, then runs this script's test cases.
TARGET = """\
[Unit]
Description=Test of keysyncd.service
Requires=basic.target
After=basic.target
Wants=keysyncd-test.service
AllowIsolate=yes
"""
TEST_UNIT = f"""\
[Unit]
After=basic.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sh -c '{sys.executable} {SHARED}/test.py --inside > {SHARED}/output 2>&1; echo $$? > {SHARED}/result.new; \
mv {SHARED}/result.new {SHARED}/result'
"""


def show(name):
    return run("systemctl", "show", "--value", "--property", name, "keysyncd.service").strip()


def get(path):
    with urllib.request.urlopen(ADDRESS + path, timeout=5) as answer:
        return answer.read().decode()


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain for: {what}")


class ServiceTest(unittest.TestCase):
    """Inside the booted copy; in the order of the service's life."""

    def log(self):
        return run("journalctl", "--no-pager", "--unit", "keysyncd.service", "--output", "cat")

    def systemctl(self, *arguments):
        try:
            run("systemctl", *arguments)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.log()}") from None

    def test_1_not_configured_is_not_failed(self):
        self.systemctl("start", "keysyncd.service")
        self.assertEqual(show("ActiveState"), "inactive")
        self.assertEqual(show("ConditionResult"), "no")

    def test_2_start(self):
        secret = pathlib.Path("/etc/keysyncd/secrets/ad-password")
        secret.write_text("sesame\n")
        secret.chmod(0o600)
        pathlib.Path("/etc/keysyncd/keysyncd.yaml").write_text(CONFIGURATION)
        self.systemctl("start", "keysyncd.service")
        self.assertEqual(show("ActiveState"), "active", self.log())
        self.assertEqual(get("/-/healthy").strip() != "", True)

    def test_3_sandbox(self):
        """What the running process may do, read from the kernel; and that nothing it needs is taken away."""
        pid = show("MainPID")
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        uid = run("id", "--user", "keysyncd").strip()
        self.assertRegex(status, rf"(?m)^Uid:\t{uid}\t{uid}\t{uid}\t{uid}$")
        self.assertRegex(status, r"(?m)^CapBnd:\t0+$")
        self.assertRegex(status, r"(?m)^NoNewPrivs:\t1$")
        self.assertRegex(status, r"(?m)^Seccomp:\t2$")
        metrics = get("/metrics")
        started = float(re.search(r"(?m)^process_start_time_seconds (\S+)$", metrics)[1])
        self.assertLess(abs(time.time() - started), 600, "the boot time is readable in the sandbox")
        self.assertEqual(os.stat("/var/lib/keysyncd/ledger.db").st_uid, int(uid))
        self.assertNotRegex(self.log(), r"(?i)operation not permitted|read-only file system")

    def test_3_scrapes_go_first(self):
        """The threads that read and record have a nice value of their own, which the sandbox lets them take."""
        tasks = pathlib.Path(f"/proc/{show('MainPID')}/task").iterdir()
        nice = [int((task / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[16]) for task in tasks]
        self.assertGreaterEqual(nice.count(10), 2, f"the ledger's and the domain's: {nice}\n{self.log()}")
        self.assertGreaterEqual(nice.count(0), 2, f"the main one and the web server's: {nice}")

    def test_4_reload(self):
        self.systemctl("reload", "keysyncd.service")
        wait_until(lambda: "the configuration was reloaded" in self.log(), 15, "the reload is logged")
        wait_until(lambda: show("ActiveState") == "active", 15, "the service is active again")
        self.assertRegex(get("/metrics"), r"(?m)^keysync_config_last_reload_successful 1$")

    def test_5_watchdog_restarts_what_stands_still(self):
        drop_in = pathlib.Path("/run/systemd/system/keysyncd.service.d/watchdog.conf")
        drop_in.parent.mkdir(parents=True)
        drop_in.write_text("[Service]\nWatchdogSec=10s\nRestartSec=1s\n")
        self.systemctl("daemon-reload")
        self.systemctl("restart", "keysyncd.service")
        first = int(show("MainPID"))
        time_fed = time.monotonic() + 21
        wait_until(lambda: time.monotonic() > time_fed, 30, "more than two watchdog periods")
        self.assertEqual(int(show("MainPID")), first, f"a source that is down does not starve the watchdog\n{self.log()}")
        os.kill(first, signal.SIGSTOP)
        wait_until(lambda: int(show("NRestarts")) == 1 and show("ActiveState") == "active", 60, "the restart")
        self.assertNotEqual(int(show("MainPID")), first)

    def test_6_a_configuration_that_is_wrong(self):
        pathlib.Path("/etc/keysyncd/keysyncd.yaml").write_text(CONFIGURATION + "sync: {cylce: 30m}\n")
        result = subprocess.run(["systemctl", "restart", "keysyncd.service"], capture_output=True, check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("keysyncd.yaml:5:8: error: sync.cylce: the key is not known: did you mean cycle?", self.log())
        self.assertEqual(show("ActiveState"), "failed", "exit code 2 is not tried again")
        pathlib.Path("/etc/keysyncd/keysyncd.yaml").write_text(CONFIGURATION)
        self.systemctl("restart", "keysyncd.service")

    def test_7_stop(self):
        begin = time.monotonic()
        self.systemctl("stop", "keysyncd.service")
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(show("Result"), "success", self.log())
        self.assertEqual(show("ExecMainStatus"), "0")

    def test_8_an_upgrade_restarts_what_runs_and_a_removal_stops_it(self):
        self.systemctl("start", "keysyncd.service")
        before, ledger = show("MainPID"), os.stat("/var/lib/keysyncd/ledger.db").st_ino
        pathlib.Path("/usr/sbin/policy-rc.d").unlink(missing_ok=True)  # a container's: services are not touched
        dpkg("--install", str(next((SHARED / "upgrade").glob("keysyncd_*.deb"))))
        self.assertEqual(show("ActiveState"), "active", self.log())
        self.assertNotIn(show("MainPID"), (before, "0"))
        self.assertEqual(os.readlink(f"/proc/{show('MainPID')}/exe"), "/usr/bin/keysyncd", "the new program, not the deleted")
        self.assertEqual(os.stat("/var/lib/keysyncd/ledger.db").st_ino, ledger)
        self.assertNotEqual(get("/-/healthy").strip(), "")
        dpkg("--remove", "keysyncd")
        self.assertEqual(show("ActiveState"), "inactive")
        self.assertFalse(pathlib.Path(f"/proc/{before}").exists())


def boot(copy, shared):
    """In fresh namespaces: becomes the systemd of the copy."""
    system_copy.enter(copy, shared)
    dpkg("--install", str(next(SHARED.glob("keysyncd_*.deb"))))
    run("ip", "link", "set", "lo", "up")
    # /sys read-only is how systemd knows that devices are none of its business.
    run("mount", "-t", "sysfs", "-o", "ro", "sysfs", "/sys")
    run("mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
    # What systemd mounts for a credential has to reach the service; on a machine it does this itself.
    run("mount", "--make-rshared", "/")
    pathlib.Path("/etc/machine-id").write_text("")
    units = pathlib.Path("/run/systemd/system")
    units.mkdir(parents=True)
    (units / "keysyncd-test.target").write_text(TARGET)
    (units / "keysyncd-test.service").write_text(TEST_UNIT)
    # Nothing else of this machine is started: what it has enabled is none of the test's business.
    for wants in pathlib.Path("/etc/systemd/system").glob("*.wants"):
        shutil.rmtree(wants)
    os.execve(SYSTEMD, [SYSTEMD, "--unit=keysyncd-test.target", "--log-target=journal", "--show-status=0"],
              {"container": "keysyncd-test", "PATH": os.environ["PATH"]})


class ControlGroup:
    """One of our own below the one that we run in, so that systemd in there sees nothing above it."""

    def __init__(self):
        mounts = pathlib.Path("/proc/self/mountinfo").read_text(encoding="ascii")
        found = re.search(r"(?m)^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 ", mounts)
        ours = re.search(r"(?m)^0::(.*)$", pathlib.Path("/proc/self/cgroup").read_text(encoding="ascii"))
        if not found or not ours:
            raise OSError("no cgroup2 hierarchy is mounted")
        self.path = pathlib.Path(found[1] + ours[1].rstrip("/")) / f"keysyncd-test-{os.getpid()}"
        self.path.mkdir()

    def join(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

    def remove(self):
        deadline = time.monotonic() + 10
        while self.path.exists() and time.monotonic() < deadline:
            for folder, _, _ in os.walk(self.path, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
            time.sleep(0.1)


def reason_to_skip():
    if not os.path.exists(SYSTEMD):
        return "systemd is not installed"
    return system_copy.reason_to_skip("cpack", "dpkg", "dpkg-shlibdeps", "ip")


def end(machine):
    """The first process of a PID namespace takes all others with it; unshare waits for it and ends too."""
    children = pathlib.Path(f"/proc/{machine.pid}/task/{machine.pid}/children")
    with contextlib.suppress(OSError):
        for child in children.read_text(encoding="ascii").split():
            os.kill(int(child), signal.SIGKILL)
    try:
        machine.wait(30)
    except subprocess.TimeoutExpired:
        machine.kill()
        machine.wait()


def run_in_booted_copy(build, folder):
    copy, shared = pathlib.Path(folder) / "copy", pathlib.Path(folder) / "shared"
    copy.mkdir()
    system_copy.build_package(build, shared)
    system_copy.build_package(build, shared / "upgrade", version="99.0")
    (shared / "test.py").write_text(SCRIPT.read_text(encoding="utf-8").replace(
        "str(SCRIPT.parents[1] / \"support\")", f"\"{SHARED}\""), encoding="utf-8")
    shutil.copy(system_copy.__file__, shared / "system_copy.py")
    try:
        group = ControlGroup()
    except OSError as reason:
        print(f"skipped: this system does not allow control groups: {reason}")
        return SKIPPED
    with (shared / "boot.log").open("w") as log:
        machine = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork", "--kill-child=KILL",
             sys.executable, str(SCRIPT), "--boot", str(copy), str(shared)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=group.join)
    result = shared / "result"
    try:
        for file, limit in ((shared / "output", BOOT_LIMIT), (result, TEST_LIMIT)):
            deadline = time.monotonic() + limit
            while not file.exists() and machine.poll() is None and time.monotonic() < deadline:
                time.sleep(0.1)
    finally:
        end(machine)
        group.remove()
    for name in ("boot.log", "output"):
        if (shared / name).exists():
            print((shared / name).read_text(encoding="utf-8", errors="replace"), end="")
    if not result.exists():
        print("the copy of the system was not booted, or its tests did not end")
        return 1
    return int(result.read_text())


def main():
    if sys.argv[1] == "--boot":
        boot(*sys.argv[2:])
    if sys.argv[1] == "--inside":
        unittest.main(argv=[SCRIPT.name, "--verbose"])
    reason = reason_to_skip()
    if reason:
        print(f"skipped: {reason}")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="keysyncd-service-") as folder:
        return run_in_booted_copy(pathlib.Path(sys.argv[1]).resolve(), folder)


if __name__ == "__main__":
    sys.exit(main())
