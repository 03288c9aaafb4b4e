#!/usr/bin/python3
"""Lives through the scenario's plan while things break: the daemon is killed at random points, its disk fills up, its
ledger is damaged, its sources die, stand still or talk nonsense. After each fault every figure equals the truth.

    crash_campaign.py [--for SECONDS] [--kills N] [--faults NAME,...] [--seed N]

--for: how long, about (default 100); --kills: goes on until the daemon has been killed so many times. Ends with what
was tried, and 0 only when nothing was lost and nothing counted twice.
"""

import argparse
import collections
import contextlib
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from lab import children, exposition
from lab.errors import LabError
from scenario.faults import Faults, LedgerDamage, small_disk
from scenario.plan import Plan
from scenario.world import LOOKBACK, World

_FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
_SECONDS_A_ROUND = 4  # at least: how many rounds a plan must have at most


class Campaign:
    def __init__(self, seed, length, kills, only=None):
        self.seed, self.length, self.wanted_kills, self.only = seed, length, kills, only
        self.begun = time.monotonic()
        self.tried = collections.Counter()
        self.kills = 0
        self.keys = 0
        self.compared = 0

    def run(self):
        rounds = max(20, int(self.length / _SECONDS_A_ROUND), self.wanted_kills)
        if not self.only or set(self.only) & set(Faults.NAMES):
            with tempfile.TemporaryDirectory(prefix="keysyncd-campaign-") as folder, small_disk(folder) as disk:
                self._faults(pathlib.Path(folder), disk, rounds)
        if not self.only or set(self.only) & set(LedgerDamage.NAMES):
            self._damage()

    def _faults(self, folder, disk, rounds):
        """A full life: keys come and go, users are renamed and deleted, and the ledger survives all of it."""
        plan = Plan(self.seed, phases=rounds, normal_users=120 + 4 * rounds, keys_a_phase=6)
        environment, clock_file = {}, None
        if _FAKETIME.exists():
            clock_file = folder / "clock"
            clock_file.write_text("+0\n")
            environment = {"LD_PRELOAD": str(_FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock_file),
                           "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_CACHE_DURATION": "1"}
        with World(plan, self.seed, ledger=folder / "ledger.db", environment=environment) as world:
            faults = Faults(world, self.seed, disk, clock_file)
            for missing, what in ((disk, "a full and a read-only disk: mounting is not allowed here"),
                                  (clock_file, "a stepped clock: libfaketime is not installed")):
                if not missing:
                    print(f"not tried: {what}")
            world.daemon.start()
            world.holds("start")
            names = [name for name in faults.all() if not self.only or name in self.only]
            for phase in range(1, rounds + 1):
                if self._over(0.7) and phase > len(names) and faults.kills >= self.wanted_kills:
                    break
                name = names[(phase - 1) % len(names)]
                if phase > len(names) and faults.kills < self.wanted_kills and phase % 2:
                    name = "killed_again_and_again"
                self._round(world, faults, phase, name)
            self.kills += faults.kills
            self._count(world)

    def _round(self, world, faults, phase, name):
        estate = world.estate

        def live(before_each_user=None):
            world.register(phase)
            estate.withdraw(phase)
            estate.delete_in_entra(phase)
            estate.synchronise(before_each_user)

        getattr(faults, name)(live)
        self.tried[name] += 1
        world.holds(f"round {phase}: {name.replace('_', ' ')}", deadline=90)
        estate.release_late_events()
        estate.write_local_keys(phase)
        world.holds(f"round {phase}: on-premises keys", deadline=90)
        estate.rename_and_delete_users(phase)
        world.holds(f"round {phase}: and what came after", deadline=90)

    def _damage(self):
        """A life in which nothing ends, so that a lost ledger can be counted anew from the sources alone."""
        names = [name for name in LedgerDamage.NAMES if not self.only or name in self.only]
        plan = Plan(self.seed + 1, phases=max(4, len(names)), normal_users=120, keys_a_phase=6, endings=False)
        with World(plan, self.seed + 1) as world:
            damage = LedgerDamage(world, self.seed)
            world.daemon.start()
            world.holds("start of the life without endings")
            for phase, name in enumerate(names, 1):
                # A clean start first: what a cut log loses is then of this phase alone.
                world.daemon.stop()
                world.daemon.start()
                world.register(phase)
                world.estate.synchronise()
                time.sleep(damage.random.uniform(0, 1.5))
                lost = getattr(damage, name)()
                if lost:
                    world.estate.lose_ledger(LOOKBACK)
                    world.truth.rebuilds += name != "file_gone"
                    world.estate.release_late_events()
                world.daemon.start()
                self.tried[name] += 1
                world.holds(f"ledger: {name.replace('_', ' ')}", deadline=90)
            self._count(world)

    def _over(self, share):
        return time.monotonic() - self.begun > self.length * share

    def _count(self, world):
        """Keys and series of a world that held to its end."""
        self.keys += len(world.truth.keys)
        self.compared += sum(1 for _ in world.truth.expected(0))

    def report(self):
        print(f"\n{sum(self.tried.values())} faults tried, {self.kills} kills, in {time.monotonic() - self.begun:.0f} s")
        for name, times in sorted(self.tried.items()):
            print(f"  {times:4} x {name.replace('_', ' ')}")
        print(f"{self.keys} keys: lost 0, counted twice 0", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--for", dest="length", type=float, default=100)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--faults", type=lambda text: text.split(","), help="only these, by name, comma separated")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", time.time())))
    arguments = parser.parse_args()
    children.exit_on_signals()
    campaign = Campaign(arguments.seed, arguments.length, arguments.kills, arguments.faults)
    print(f"seed {arguments.seed}", flush=True)
    try:
        campaign.run()
    except (AssertionError, LabError) as error:
        print(f"\ncrash_campaign.py: seed {arguments.seed}: {error}", file=sys.stderr)
        return 1
    campaign.report()
    return 0


if __name__ == "__main__":
    sys.exit(main())
