"""What can go wrong while a phase of the plan is lived through. Each fault takes the world and `live`, which carries
the phase out, Connect's run included, and calls its argument before each user of that run.

After every one of them the figures must be the truth again.
"""

import contextlib
import pathlib
import random
import signal
import sqlite3
import subprocess
import time

from lab import children, exposition
from lab.errors import LabError

LEDGER_DISK_MEGABYTES = 24


class Faults:
    """`ledger_disk`: the mount point of a small file system that holds the ledger; None where it cannot be mounted."""

    NAMES = ("killed_in_connects_run", "disk_full", "killed_again_and_again", "domain_controller_killed",
             "ledger_read_only", "domain_controller_stands_still", "graph_misbehaves", "both_sources_down_and_killed",
             "clock_stepped", "reloaded", "stopped_and_started")

    def __init__(self, world, seed, ledger_disk=None, clock_file=None):
        self.world, self.daemon, self.dc, self.entra = world, world.daemon, world.dc, world.entra
        self.random = random.Random(seed)
        self._ledger_disk, self._clock_file = ledger_disk, clock_file
        self.kills = 0

    def all(self):
        """What can be tried here, in the order of trying."""
        impossible = (() if self._ledger_disk else ("disk_full", "ledger_read_only"),
                      () if self._clock_file else ("clock_stepped",))
        return [name for name in self.NAMES if not any(name in names for names in impossible)]

    # -- the daemon ----------------------------------------------------------------------------------------------

    def killed_in_connects_run(self, live):
        def maybe():
            time.sleep(self.random.uniform(0, 0.2))
            if self.random.random() < 0.4:
                self._kill_and_start()

        live(maybe)
        self._kill_and_start()

    def killed_again_and_again(self, live):
        """Also while it starts: the next one may find a ledger that the last one had only half opened."""
        live()
        for _ in range(5):
            self.daemon.kill()
            self.kills += 1
            with contextlib.suppress(LabError):
                self.daemon.start(ready=False, deadline=self.random.uniform(0.02, 0.6))
        self._kill_and_start()

    def stopped_and_started(self, live):
        begun = time.monotonic()
        if self.daemon.stop() != 0 or time.monotonic() - begun > 2.5:
            raise AssertionError(f"SIGTERM: status not 0, or {time.monotonic() - begun:.1f} s; {self.daemon.log_tail()}")
        live()
        self.daemon.start()

    def reloaded(self, live):
        """A good file, a bad one, a good one, all in the middle of Connect's run."""
        domain = self.daemon.configuration["domains"][0]
        steps = [("2s", 1), ("two seconds", 0), ("1s", 1)]

        def maybe():
            time.sleep(0.1)
            if steps and self.random.random() < 0.5:
                interval, successful = steps.pop(0)
                domain["poll_interval"] = interval
                self.daemon.write_configuration()
                self.daemon.signal(signal.SIGHUP)
                self._wait_for("keysync_config_last_reload_successful", successful)

        live(maybe)
        while steps:
            maybe()

    # -- its disk ------------------------------------------------------------------------------------------------

    def disk_full(self, live):
        filler = pathlib.Path(self._ledger_disk) / "filler"
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        live()
        self._wait_for("keysync_ledger_commit_failures_total", lambda value: value > 0)
        filler.unlink()
        self.world.truth.commit_failures = None

    def ledger_read_only(self, live):
        self.daemon.stop()
        subprocess.run(["mount", "-o", "remount,ro", self._ledger_disk], check=True)
        try:
            self.daemon.start(deadline=5)
            raise AssertionError("keysyncd runs on a read-only ledger")
        except LabError:
            process, self.daemon.process = self.daemon.process, None
            status = process.poll()
            children.kill(process)
            if status != 1 or str(self.daemon.ledger) not in self.daemon.log_tail(5):
                raise AssertionError(f"a read-only ledger must end the start with status 1 and its path, got {status}; "
                                     + self.daemon.log_tail()) from None
        finally:
            subprocess.run(["mount", "-o", "remount,rw", self._ledger_disk], check=True)
        live()
        self.daemon.start()
        self.world.truth.commit_failures = 0

    # -- its sources ---------------------------------------------------------------------------------------------

    def domain_controller_killed(self, live):
        def maybe():
            time.sleep(0.1)
            if self.random.random() < 0.15:
                self.dc.kill()
                self.dc.start()

        live(maybe)
        self.dc.kill()
        time.sleep(self.random.uniform(0, 2))
        self.dc.start()

    def domain_controller_stands_still(self, live):
        def maybe():
            if self.random.random() < 0.1:
                self.dc.pause()
                time.sleep(self.random.uniform(0.1, 1))
                self.dc.resume()

        live(maybe)
        self.dc.pause()
        time.sleep(self.random.uniform(1, 4))
        self.dc.resume()

    def graph_misbehaves(self, live):
        faults = self.entra.faults
        for kind, parameters in (("drop", {}), ("truncate", {}), ("not_json", {}), ("delay", {"seconds": 1}),
                                 ("status", {"status": 503, "headers": {"Retry-After": "1"}}),
                                 ("status", {"status": 429, "headers": {"Retry-After": "1"}}),
                                 ("unknown_members", {})):
            faults.add_fault("any", kind, times=self.random.randrange(1, 3), skip=self.random.randrange(0, 3),
                             **parameters)
        live(lambda: time.sleep(0.05))
        self._wait_for_failures("graph")
        faults.clear_faults()

    def both_sources_down_and_killed(self, live):
        live(lambda: time.sleep(0.05))
        self.entra.faults.add_fault("any", "drop", times=1000)
        self.dc.pause()
        self._kill_and_start()
        time.sleep(self.random.uniform(0.5, 3))
        self._kill_and_start()
        self.dc.resume()
        self.entra.faults.clear_faults()

    # -- its clock -----------------------------------------------------------------------------------------------

    def clock_stepped(self, live):
        """Two hours forward, back, two hours back, and right again, with polls in between."""
        for offset in ("+7200", "+0", "-7200", "+0"):
            self._clock_file.write_text(offset + "\n")
            time.sleep(2.5)
        live()

    # -- what the others share -----------------------------------------------------------------------------------

    def _kill_and_start(self):
        self.daemon.kill()
        self.kills += 1
        self.daemon.start(ready=False)
        self.world.truth.commit_failures = 0

    def _wait_for(self, name, wanted):
        matches = wanted if callable(wanted) else lambda value: value == wanted
        if not children.wait_until(lambda: matches(self.daemon.scrape().get(exposition.key(name), -1)), 60):
            raise AssertionError(f"{name} is {self.daemon.scrape().get(exposition.key(name))}; {self.daemon.log_tail()}")

    def _wait_for_failures(self, source):
        def failures():
            return sum(value for (name, labels), value in self.daemon.scrape().items()
                       if name == "keysync_poll_failures_total" and dict(labels)["source"] == source)

        if not children.wait_until(failures, 60):
            raise AssertionError(f"no failed poll of {source} was counted; {self.daemon.log_tail()}")


class LedgerDamage:
    """What happens to the file while the daemon is down. True is returned when the ledger is lost by it."""

    NAMES = ("log_cut_short", "header_overwritten", "pages_overwritten", "pages_overwritten_in_use", "log_cut_short",
             "file_cut_short", "file_gone")

    def __init__(self, world, seed):
        self.world, self.daemon, self.random = world, world.daemon, random.Random(seed)

    def log_cut_short(self):
        """A power cut: the end of the write-ahead log never reached the disk."""
        self.daemon.kill()
        log = self._beside("-wal")
        if log.exists() and log.stat().st_size > 0:
            with open(log, "r+b") as file:
                file.truncate(self.random.randrange(log.stat().st_size))
        return False

    def header_overwritten(self):
        self.daemon.stop()  # after a kill the write-ahead log would hold the page still, and bring it back
        self._overwrite([0])
        return True

    def pages_overwritten(self):
        self.daemon.stop()
        pages = self.daemon.ledger.stat().st_size // 4096
        self._overwrite(self.random.sample(range(1, pages), pages // 2))
        return True

    def pages_overwritten_in_use(self):
        """The daemon finds it out by itself, and begins anew without being started again."""
        with contextlib.closing(sqlite3.connect(self.daemon.ledger, timeout=30, isolation_level=None)) as ledger:
            # Written back, so that the file is read and not its log; and changed, so that what SQLite knows of it is stale.
            if not children.wait_until(lambda: ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, 30):
                raise LabError("the ledger is never written back")
            ledger.execute("BEGIN IMMEDIATE")
            version = ledger.execute("PRAGMA user_version").fetchone()[0]
            ledger.execute(f"PRAGMA user_version = {version}")
            self._overwrite(range(1, self.daemon.ledger.stat().st_size // 4096))
            ledger.execute("COMMIT")
        if not children.wait_until(lambda: self._set_aside() and self.daemon.status_of("/-/ready") == 200, 60):
            raise LabError(f"a damaged ledger stays in use; {self.daemon.log_tail()}")
        self.daemon.stop()
        return True

    def _set_aside(self):
        shown = self.daemon.scrape().get(exposition.key("keysync_ledger_rebuilds_total"), 0)
        return shown == self.world.truth.rebuilds + 1

    def file_cut_short(self):
        self.daemon.stop()
        with open(self.daemon.ledger, "r+b") as file:
            file.truncate(self.daemon.ledger.stat().st_size // 2 + 100)
        return True

    def file_gone(self):
        self.daemon.kill()
        for suffix in ("", "-wal", "-shm"):
            self._beside(suffix).unlink(missing_ok=True)
        return True

    def _overwrite(self, pages):
        with open(self.daemon.ledger, "r+b") as file:
            for page in pages:
                file.seek(page * 4096)
                file.write(self.random.randbytes(4096))

    def _beside(self, suffix):
        return pathlib.Path(f"{self.daemon.ledger}{suffix}")


@contextlib.contextmanager
def small_disk(folder):
    """A small file system mounted on the folder; None where mounting is not allowed."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={LEDGER_DISK_MEGABYTES}m", "tmpfs", folder],
                             capture_output=True).returncode == 0
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)
