#!/usr/bin/python3
"""The main job, whole: a domain and a tenant live through a scripted scenario against the real daemon, which is
restarted and killed in between, and after every step each counter, gauge and histogram bucket equals the truth. Three
daemons look on, each with a ledger of its own: by uSNChanged, by DirSync as a plain account, by DirSync with the
replication right; and by Microsoft Graph, by exported audit logs, by both.

    scenario_test.py [--seed N]      a failure prints the seed of its plan
"""

import pathlib
import random
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from lab.samba_dc import SambaDc
from scenario import command_line
from scenario.estate import now
from scenario.plan import Plan
from scenario.world import World

SEED = 20260131
TRACKING = {
    "usn": {"change_tracking": "usn", "sources": "graph"},
    "dirsync-plain": {"change_tracking": "dirsync", "sources": "files"},
    "dirsync-right": {"change_tracking": "dirsync", "sources": "both"},  # bound as an account that has it, see setUp
}


class ScenarioTest(unittest.TestCase):
    seed = SEED

    def setUp(self):
        self.plan = Plan(self.seed)
        dc = self.enterContext(SambaDc())
        TRACKING["dirsync-right"]["bind"] = dc.replication_bind
        self.world = self.enterContext(World(self.plan, self.seed, views=TRACKING, dc=dc))
        self.estate, self.truth = self.world.estate, self.world.truth

    def test_every_figure_equals_the_truth(self):
        plan = self.plan
        self.assertGreaterEqual(len(plan.users), 200)
        self.assertGreaterEqual(len(plan.keys), 300)
        print(f"\nseed {self.seed}: {len(plan.users)} users, {len(plan.keys)} keys, {plan.phases} Connect cycles")
        self.world.start()
        self.world.holds("first start on a directory full of old keys", further_polls=True)
        for phase in range(1, plan.phases + 1):
            self.run_phase(phase)
        self.check_the_exposition()
        expected = self.truth.expected(now())
        delays = [key.delay for key in self.truth.keys if key.delay is not None]
        print(f"{len(expected)} series compared; {len(delays)} delays measured, "
              f"{sum(map(self.truth.missed_cycles, delays))} cycles missed")
        self.check_the_tracking()
        self.check_the_questions()
        self.assertEqual(self.world.stop(), [0, 0, 0], "SIGTERM must end the daemon with status 0")

    def run_phase(self, phase):
        estate = self.estate
        self.world.register(phase)
        self.world.holds(f"phase {phase}: registered")
        estate.withdraw(phase)
        estate.delete_in_entra(phase)
        self.world.holds(f"phase {phase}: deleted in Entra")
        if phase == 2:
            self.world.entra.tenant.disorder_events(seed=self.seed)
        if phase == 3:
            self.assertEqual(self.world.stop(), [0, 0, 0])
            estate.synchronise()
            self.world.start()
            self.world.holds(f"phase {phase}: Connect ran while the daemon was down")
        elif phase == 5:
            self.kill_in_the_middle()
            self.world.holds(f"phase {phase}: the daemon was killed in the middle of Connect's run")
        else:
            estate.synchronise()
            self.world.holds(f"phase {phase}: Connect ran")
        estate.release_late_events()
        self.world.holds(f"phase {phase}: late audit events arrived")
        estate.write_local_keys(phase)
        self.world.holds(f"phase {phase}: on-premises keys written")
        estate.forge(phase)
        self.world.holds(f"phase {phase}: keys that Entra does not know")
        estate.rename_and_delete_users(phase)
        self.world.holds(f"phase {phase}: users renamed and deleted", further_polls=True)

    def kill_in_the_middle(self):
        countdown = random.Random(self.seed).randrange(5, 25)

        def kill_at_the_right_user():
            nonlocal countdown
            countdown -= 1
            time.sleep(0.05)  # Connect takes its time: some polls fall into the run
            if countdown == 0:
                self.world.kill()

        self.estate.synchronise(kill_at_the_right_user)
        self.assertLessEqual(countdown, 0, "the run was too short to be cut in the middle")
        self.world.start()

    def check_the_exposition(self):
        status, text = self.world.daemon.get("/metrics")
        self.assertEqual(status, 200)
        result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))
        for daemon in self.world.daemons.values():
            for (name, labels), value in daemon.scrape().items():
                if name == "keysync_source_up":
                    self.assertEqual(value, 1, labels)

    def check_the_questions(self):
        """What two daemons have asked Graph about single keys: no more than their registrations and arrivals."""
        asked = [request for endpoint in ("whfb_methods", "fido2_methods")
                 for request in self.world.entra.requests_seen(endpoint)]
        registered = sum(key.source == "AzureAD" and key.counted for key in self.truth.keys)
        print(f"{len(asked) / 2 / registered:.2f} questions about keys for each registration")
        self.assertLess(len(asked) / 2, 1.5 * registered)
        self.assertNotIn(429, {request["status"] for request in self.world.entra.requests_seen()})

    def check_the_tracking(self):
        """That the three did look in three ways: by what each says that it chose."""
        for name, words in (("usn", "uSNChanged"), ("dirsync-plain", "as a plain account"),
                            ("dirsync-right", "with the replication right")):
            self.assertIn(words, self.world.daemons[name].log.read_text(), name)


if __name__ == "__main__":
    command_line.main(ScenarioTest)
