"""The soak itself; tests/soak/run builds and starts this."""

import argparse
import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("deploy/demo", "tests/support", "tests/bench")]

from connect_simulator import ConnectSimulator
from entra_standin import EntraStandin
from estate import Estate
from lab import children, exposition
from lab.errors import LabError
from lab.keysyncd_process import KeysyncdProcess, domain_configuration
from lab.samba_dc import SambaDc
from measure import cpu_seconds, percentile, request_seconds, resident_bytes
from options import duration

CYCLE = 30
LARGEST_SLOPE = 1_000_000  # bytes an hour
MOST_KEYS = 3  # of a user: a directory that grew would need more memory by right
# Caches fill, threads get their arenas: what counts is what comes after.
WARM_UP = 0.25


class Watch:
    """One line a second of what the daemon costs."""

    def __init__(self, daemon):
        self._daemon = daemon
        self.times, self.resident, self.descriptors, self.scrapes = [], [], [], []

    def look(self):
        pid = self._daemon.process.pid
        self.scrapes.append(request_seconds(self._daemon.address))
        self.times.append(time.monotonic())
        self.resident.append(resident_bytes(pid))
        self.descriptors.append(len(os.listdir(f"/proc/{pid}/fd")))

    def settled(self, values):
        return values[int(len(values) * WARM_UP):]

    def slope(self):
        """Bytes an hour, by least squares."""
        x, y = self.settled(self.times), self.settled(self.resident)
        mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
        return 3600 * (sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / sum((a - mean_x) ** 2 for a in x))


def live(estate, connect, daemon, length):
    watch = Watch(daemon)
    begun = time.monotonic()
    next_cycle, next_look, next_line = begun + CYCLE, begun, begun + 60
    while (now := time.monotonic()) < begun + length:
        estate.act(now)
        if now >= next_cycle:
            next_cycle += CYCLE
            connect.run_cycle(before_each_user=lambda: _between(watch, daemon))
        _between(watch, daemon)
        if now >= next_line:
            next_line += 60
            print(f"{(now - begun) / 60:5.0f} min  {estate.registered} registered  "
                  f"{watch.resident[-1] / 1e6:.1f} MB  {watch.descriptors[-1]} descriptors  "
                  f"scrape p99 {percentile(watch.scrapes, 0.99) * 1000:.1f} ms", flush=True)
        time.sleep(0.02)
    return watch


def _between(watch, daemon):
    if not watch.times or time.monotonic() - watch.times[-1] >= 1:
        daemon.check()
        watch.look()


def main():
    parser = argparse.ArgumentParser(prog="tests/soak/run")
    parser.add_argument("--for", dest="length", type=duration, default=duration("2h"))
    parser.add_argument("--users", type=int, default=2000)
    arguments = parser.parse_args()
    children.exit_on_signals()
    with tempfile.TemporaryDirectory(prefix="keysyncd-soak-", dir="/var/tmp") as name, SambaDc() as dc, \
            EntraStandin(pathlib.Path(name) / "entra", throttle=(5, 10.0)) as entra:
        folder = pathlib.Path(name)
        estate = Estate(entra.tenant, dc.directory, arguments.users, CYCLE, seed=1, most_keys=MOST_KEYS)
        print(f"== {arguments.users} users", flush=True)
        estate.populate()
        connect = ConnectSimulator(entra.tenant, dc.directory)
        connect.run_cycle()
        daemon = KeysyncdProcess(folder / "keysyncd", {
            "domains": [domain_configuration(dc, poll_interval="2s", full_sweep_interval="10m")],
            "entra": entra.configuration(poll_interval="5s", lookback="24h", overlap="10m"),
            "sync": {"cycle": f"{CYCLE}s", "grace": "5s", "overdue_after": f"{2 * CYCLE + 5}s"}})
        daemon.start(deadline=120)
        print(f"== For {arguments.length / 60:.0f} minutes", flush=True)
        watch = live(estate, connect, daemon, arguments.length)
        measured = sum(value for (metric, _), value in daemon.scrape().items()
                       if metric == "keysync_delay_seconds_count")
        overdue = daemon.scrape()[exposition.key("keysync_keys", domain=dc.realm, usage="NGC", state="overdue")]
        spent = cpu_seconds(daemon.process.pid)
        if daemon.stop() != 0:
            raise LabError(f"keysyncd did not end well; {daemon.log_tail()}")
    descriptors = watch.settled(watch.descriptors)
    growth = max(descriptors[-len(descriptors) // 4:]) - max(descriptors[:max(1, len(descriptors) // 4)])
    kept = watch.slope() < LARGEST_SLOPE and growth <= 0
    print(f"\n{estate.registered} keys registered, {measured:.0f} delays measured, {overdue:.0f} overdue at the end\n"
          f"resident   {watch.resident[-1] / 1e6:.1f} MB at the end, {max(watch.resident) / 1e6:.1f} MB at most, "
          f"{watch.slope() / 1e6:+.2f} MB an hour (less than {LARGEST_SLOPE / 1e6:.0f})\n"
          f"descriptors {min(descriptors)} to {max(descriptors)}, growth {growth} (none)\n"
          f"scrapes    {len(watch.scrapes)}: p50 {percentile(watch.scrapes, 0.5) * 1000:.1f} ms, "
          f"p99 {percentile(watch.scrapes, 0.99) * 1000:.1f} ms, worst {max(watch.scrapes) * 1000:.1f} ms\n"
          f"CPU        {spent:.1f} s of {arguments.length} s\n{'kept' if kept else 'NOT kept'}")
    return 0 if kept else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"tests/soak/run: {error}")
