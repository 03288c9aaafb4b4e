"""keysyncd itself, as the tests and the demonstration run it: configuration, start, stop, kill, scrape."""

import os
import pathlib
import subprocess
import urllib.error
import urllib.request

import yaml

from . import children, exposition
from .addresses import free_port
from .errors import LabError

_BUILDS = ("build/dev", "build/release")


def binary():
    """$KEYSYNCD, which ctest sets, or what is built in the tree."""
    root = pathlib.Path(__file__).resolve().parents[3]
    for candidate in (os.environ.get("KEYSYNCD"), *(root / build / "daemon/keysyncd" for build in _BUILDS)):
        if candidate and os.access(candidate, os.X_OK):
            return str(candidate)
    raise LabError(f"keysyncd is not built; expected it in $KEYSYNCD or under {root}/build: run tests/run or cmake")


def domain_configuration(dc, **more):
    """The entry of `domains:` for a lab.samba_dc.SambaDc."""
    return {"name": dc.realm, "servers": [dc.uri],
            "bind": {"method": "simple", "dn": dc.service_upn, "password_file": str(dc.service_password_file)},
            "tls": {"ca_file": str(dc.ca_file)}, **more}


class KeysyncdProcess:
    """One daemon with its configuration, ledger and log in a folder of its own; all of them survive a restart."""

    def __init__(self, folder, configuration, port=None, arguments=(), environment=None, etc=None):
        """`etc`: files to see in /etc instead of the machine's, as {"hosts": path}; needs root."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.configuration_file, self.log = self.folder / "keysyncd.yaml", self.folder / "keysyncd.log"
        self.configuration = {"ledger": {"path": str(self.folder / "ledger.db")}, **configuration}
        self.ledger = pathlib.Path(self.configuration["ledger"]["path"])
        self.address = f"127.0.0.1:{port or free_port()}"
        self.url = f"http://{self.address}"
        self._arguments, self._environment = list(arguments), {**os.environ, **(environment or {})}
        mounts = "".join(f"mount --bind '{path}' /etc/{name} && " for name, path in (etc or {}).items())
        self._wrapper = ["unshare", "-m", "sh", "-c", mounts + 'exec "$@"', "sh"] if etc else []
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.process = None
        self.write_configuration()

    def write_configuration(self):
        self.configuration_file.write_text(yaml.safe_dump(self.configuration, sort_keys=False))

    def start(self, ready=True, deadline=30.0):
        """Returns when /-/ready says so, or with ready=False when the web server answers at all."""
        with open(self.log, "ab") as log:
            self.process = children.start(
                [*self._wrapper, binary(), "run", f"--config.file={self.configuration_file}",
                 f"--web.listen-address={self.address}", *self._arguments], stdout=log, stderr=log, env=self._environment)
        path = "/-/ready" if ready else "/-/healthy"
        if not children.wait_until(lambda: self.process.poll() is not None or self.status_of(path) == 200, deadline):
            raise LabError(f"keysyncd did not answer {path} with 200 within {deadline:g} s; {self.log_tail()}")
        self.check()
        return self

    def run_command(self, *arguments):
        """Another command with the daemon's configuration, to its end."""
        return subprocess.run([*self._wrapper, binary(), *arguments, f"--config.file={self.configuration_file}"],
                              capture_output=True, text=True, timeout=90, check=False, stdin=subprocess.DEVNULL,
                              env=self._environment)

    def check(self):
        """Raises LabError when the daemon has ended by itself."""
        if self.process.poll() is not None:
            raise LabError(f"keysyncd has ended with status {self.process.returncode}; {self.log_tail()}")

    def stop(self):
        """SIGTERM; returns the exit status."""
        process, self.process = self.process, None
        return children.end(process) if process else None

    def kill(self):
        """SIGKILL."""
        process, self.process = self.process, None
        return children.kill(process) if process else None

    def signal(self, number):
        children.signal_group(self.process, number)

    def get(self, path, timeout=5):
        """(status, body) of a GET; (None, error) when there was no answer."""
        try:
            with self._opener.open(self.url + path, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return None, str(error)

    def status_of(self, path):
        return self.get(path, timeout=2)[0]

    def scrape(self):
        """The samples of /metrics, as lab.exposition.parse returns them."""
        status, body = self.get("/metrics")
        if status != 200:
            self.check()
            raise LabError(f"/metrics answered {status}: {body}")
        return exposition.parse(body)

    def wait_for_polls(self, passes=2, deadline=30.0):
        """Until every source has been polled so many times more, with success: what had happened before is known."""
        def polls():
            return {labels: value for (name, labels), value in self.scrape().items()
                    if name == "keysync_polls_total"}

        def failures(samples):
            return sum(value for (name, _), value in samples.items() if name == "keysync_poll_failures_total")

        before, failed_before = polls(), failures(self.scrape())
        wanted = {labels: value + passes for labels, value in before.items()}

        def done():
            extra = failures(self.scrape()) - failed_before
            now = polls()
            return all(now[labels] >= value + extra for labels, value in wanted.items())

        if not children.wait_until(done, deadline, interval=0.1):
            raise LabError(f"the sources were not polled {passes} times within {deadline:g} s: {before} before, "
                           f"{polls()} now; {self.log_tail()}")

    def log_tail(self, lines=20):
        text = self.log.read_text(errors="replace").splitlines()[-lines:] if self.log.exists() else []
        return "the end of its log:\n" + "\n".join(text)
