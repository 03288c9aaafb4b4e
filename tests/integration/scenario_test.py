#!/usr/bin/python3
"""The main job, whole: a domain and a tenant live through a scripted scenario against the real daemon, which is
restarted and killed in between, and after every step each counter, gauge and histogram bucket equals the truth.

    scenario_test.py [--seed N]      a failure prints the seed of its plan
"""

import pathlib
import random
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from entra_standin import EntraStandin
from lab import children
from lab.keysyncd_process import KeysyncdProcess, domain_configuration
from lab.samba_dc import SambaDc
from scenario.comparison import wait_for_truth
from scenario.estate import Estate, now
from scenario.plan import Plan
from scenario.truth import Truth

LOOKBACK, CYCLE, GRACE, OVERDUE_AFTER = 24 * 3600, 1800, 300, 3900
SEED = 20260131


class ScenarioTest(unittest.TestCase):
    seed = SEED

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="keysyncd-scenario-")
        self.addCleanup(self.folder.cleanup)
        self.dc = self.enterContext(SambaDc())
        self.entra = self.enterContext(EntraStandin(self.folder.name + "/entra", throttle=(1000, 10.0), seed=self.seed))
        self.truth = Truth(self.dc.realm, CYCLE, GRACE, OVERDUE_AFTER)
        self.plan = Plan(self.seed)
        self.estate = Estate(self.plan, self.dc, self.entra.tenant, self.truth)
        self.daemon = KeysyncdProcess(self.folder.name + "/keysyncd", {
            "domains": [domain_configuration(self.dc, poll_interval="1s", full_sweep_interval="5s")],
            "entra": self.entra.configuration(poll_interval="1s", lookback="24h", overlap="24h"),
            "sync": {"cycle": "30m", "grace": "5m", "overdue_after": "65m"}}, arguments=["--log.level=debug"])
        self.addCleanup(self.daemon.stop)
        self.begun = time.monotonic()

    def holds(self, what, further_polls=False):
        """The daemon comes to tell the truth, and sticks to it when it has asked everyone again."""
        wrong, when = wait_for_truth(self.daemon, self.truth, now, deadline=25), ""
        if further_polls and not wrong:
            self.daemon.wait_for_polls(2)
            wrong, when = wait_for_truth(self.daemon, self.truth, now, deadline=1), " (after further polls)"
        if wrong:
            self.fail("\n  ".join([f"{what}{when}, seed {self.seed}: {len(wrong)} figures are wrong", *wrong,
                                   self.daemon.log_tail(15)]))
        print(f"{time.monotonic() - self.begun:6.1f} s  {what}", flush=True)

    def test_every_figure_equals_the_truth(self):
        estate, plan = self.estate, self.plan
        self.assertGreaterEqual(len(plan.users), 200)
        self.assertGreaterEqual(len(plan.keys), 300)
        print(f"\nseed {self.seed}: {len(plan.users)} users, {len(plan.keys)} keys, {plan.phases} Connect cycles")
        estate.populate(LOOKBACK)
        self.daemon.start()
        self.holds("first start on a directory full of old keys", further_polls=True)
        for phase in range(1, plan.phases + 1):
            self.run_phase(phase)
        self.check_the_exposition()
        expected = self.truth.expected(now())
        delays = [key.delay for key in self.truth.keys if key.delay is not None]
        print(f"{len(expected)} series compared; {len(delays)} delays measured, "
              f"{sum(map(self.truth.missed_cycles, delays))} cycles missed")
        self.assertEqual(self.daemon.stop(), 0, "SIGTERM must end the daemon with status 0")

    def run_phase(self, phase):
        estate = self.estate
        for planned in self.plan.in_phase(phase):
            if planned.source == "AzureAD":
                estate.register(planned)
        estate.make_noise()
        self.holds(f"phase {phase}: registered")
        estate.withdraw(phase)
        estate.delete_in_entra(phase)
        self.holds(f"phase {phase}: deleted in Entra")
        if phase == 2:
            self.entra.tenant.disorder_events(seed=self.seed)
        if phase == 3:
            self.assertEqual(self.daemon.stop(), 0)
            estate.synchronise()
            self.daemon.start()
            self.holds(f"phase {phase}: Connect ran while the daemon was down")
        elif phase == 5:
            self.kill_in_the_middle()
            self.holds(f"phase {phase}: the daemon was killed in the middle of Connect's run")
        else:
            estate.synchronise()
            self.holds(f"phase {phase}: Connect ran")
        estate.release_late_events()
        self.holds(f"phase {phase}: late audit events arrived")
        estate.write_local_keys(phase)
        self.holds(f"phase {phase}: on-premises keys written")
        estate.rename_and_delete_users(phase)
        self.holds(f"phase {phase}: users renamed and deleted", further_polls=True)

    def kill_in_the_middle(self):
        countdown = random.Random(self.seed).randrange(5, 25)

        def kill_at_the_right_user():
            nonlocal countdown
            countdown -= 1
            time.sleep(0.05)  # Connect takes its time: some polls fall into the run
            if countdown == 0:
                self.daemon.kill()

        self.estate.synchronise(kill_at_the_right_user)
        self.assertLessEqual(countdown, 0, "the run was too short to be cut in the middle")
        self.daemon.start()

    def check_the_exposition(self):
        status, text = self.daemon.get("/metrics")
        self.assertEqual(status, 200)
        result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))
        for (name, labels), value in self.daemon.scrape().items():
            if name == "keysync_source_up":
                self.assertEqual(value, 1, labels)


if __name__ == "__main__":
    children.exit_on_signals()
    if "--seed" in sys.argv:
        at = sys.argv.index("--seed")
        ScenarioTest.seed = int(sys.argv[at + 1])
        del sys.argv[at : at + 2]
    unittest.main(verbosity=1)
