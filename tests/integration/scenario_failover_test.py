#!/usr/bin/python3
"""The main job over two real domain controllers that replicate: one is killed in the middle of Connect's run, the other
lags behind on purpose, and two daemons, by uSNChanged and by DirSync, go from one to the other and back. After each step
every figure equals the truth, each key was seen once on the observed server with the delay that the directory itself
shows, and no domain controller was swept twice.

    scenario_failover_test.py [--seed N]
"""

import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from lab import children, exposition
from lab.samba_pair import SambaPair
from scenario import command_line
from scenario.estate import when_changed
from scenario.plan import Plan
from scenario.world import World

SEED = 20260131
HELD = 4.0  # seconds that replication is held back


class FailoverTest(unittest.TestCase):
    seed = SEED

    def setUp(self):
        self.plan = Plan(self.seed, phases=5, normal_users=90, keys_a_phase=10)
        self.pair = self.enterContext(SambaPair())
        self.first, self.second = self.pair.first, self.pair.second
        # A change that comes back from its partner gives a user a new whenChanged on Samba, a second later perhaps:
        # before or after the daemon has looked. So nothing comes back while it is written here.
        self.pair.hold_replication(to=self.first)
        # No sweep by the interval: whatever is swept was swept because of the domain controllers.
        settings = {"servers": [self.first.uri, self.second.uri], "observe_servers": [self.second.uri],
                    "full_sweep_interval": "12h"}
        views = {tracking: {**settings, "change_tracking": tracking} for tracking in ("usn", "dirsync")}
        self.world = self.enterContext(World(self.plan, self.seed, views=views, dc=self.first))
        self.daemons, self.estate, self.truth = self.world.daemons, self.world.estate, self.world.truth
        self.delays = {}  # id(truth key) -> seconds from its write to the second domain controller

    def test_every_figure_equals_the_truth(self):
        print(f"\nseed {self.seed}: {len(self.plan.users)} users, {len(self.plan.keys)} keys")
        self.pair.wait_for_replication(self.first, self.second)
        self.world.start()
        self.world.holds("first start, on the first domain controller")
        self.arrives_on_the_second("the keys that were measured at the first start")
        self.assertEqual(self.sweeps(), {"usn": 1, "dirsync": 1})

        self.registers(1)
        self.estate.synchronise()
        self.world.holds("Connect ran, both are up")
        self.arrives_on_the_second("and is there a second later")

        self.replication_is_held_back(2)
        self.the_first_comes_back_before_the_second_has_caught_up()
        self.killed_in_the_middle_of_a_run(3)
        self.goes_on_with_the_second_alone(4)
        self.back_to_the_first(5)
        self.assertEqual(self.sweeps(), {"usn": 2, "dirsync": 1},
                         "by uSNChanged once for each domain controller; a DirSync cookie goes along")
        self.assertEqual(self.world.stop(), [0, 0])

    # -- steps -----------------------------------------------------------------------------------------------------

    def replication_is_held_back(self, phase):
        self.pair.hold_replication(to=self.second)
        self.registers(phase)
        self.estate.synchronise()
        begun = time.monotonic()
        self.world.holds("Connect ran, replication to the second is held back")
        self.check_replication_delays()
        children.wait_until(lambda: time.monotonic() - begun > HELD, HELD + 1)
        self.check_replication_delays()  # still: nothing has arrived there

    def the_first_comes_back_before_the_second_has_caught_up(self):
        self.first.kill()
        self.waits_for_log("has not received yet all that was read", "the lagging second is not believed")
        self.world.holds("the first is dead, the second lags: nothing is taken for removed")
        self.first.start()
        self.wait_for_server(self.first)
        self.assertEqual(self.sweeps(), {"usn": 1, "dirsync": 1}, "coming back to the first is no full sweep")
        self.pair.release_replication(to=self.second)
        before = set(self.delays)
        self.arrives_on_the_second("what was held back arrives")
        held = [delay for key, delay in self.delays.items() if key not in before]
        self.assertTrue(held)
        self.assertGreaterEqual(min(held), HELD - 1, "whole seconds: one may be lost to rounding")

    def killed_in_the_middle_of_a_run(self, phase):
        self.registers(phase)
        users = 0

        def kill_after_a_few():
            nonlocal users
            users += 1
            if users == 6:
                self.pair.wait_for_replication(self.first, self.second)
                for daemon in self.daemons.values():
                    daemon.wait_for_polls(2)
                self.estate.work_on(self.second.directory)
                self.first.kill()

        self.estate.synchronise(kill_after_a_few)
        self.assertGreaterEqual(users, 8, "the run was too short to be cut in the middle")
        self.wait_for_server(self.second)
        self.world.holds("the first was killed in the middle of Connect's run, which went on with the second")
        self.arrives_on_the_second("written there or replicated before")
        self.assertEqual(self.sweeps(), {"usn": 2, "dirsync": 1})

    def goes_on_with_the_second_alone(self, phase):
        self.registers(phase)
        self.estate.synchronise()
        self.world.holds("Connect ran with the second alone", further_polls=True)
        self.arrives_on_the_second("at once")
        self.estate.write_local_keys(phase)
        self.arrives_on_the_second("keys that were made there")

    def back_to_the_first(self, phase):
        self.first.start()
        self.pair.release_replication(to=self.first)
        self.pair.wait_for_replication(self.second, self.first)
        self.pair.hold_replication(to=self.first)
        self.registers(phase)
        self.estate.work_on(self.first.directory)
        self.second.pause()
        self.addCleanup(self.second.resume)
        self.wait_for_server(self.first)
        self.estate.synchronise()
        self.world.holds("the second hangs, Connect ran with the first", further_polls=True)
        self.second.resume()
        self.arrives_on_the_second("what was written while it hung")

    # -- what is looked at -----------------------------------------------------------------------------------------

    def registers(self, phase):
        self.world.register(phase)
        self.estate.withdraw(phase)
        self.estate.delete_in_entra(phase)

    def wait_for_server(self, dc, deadline=40.0):
        """Until the domain was read from that domain controller, and again."""
        up = exposition.key("keysync_source_up", source="ldap", domain=self.first.realm, server=dc.uri)
        for daemon in self.daemons.values():
            if not children.wait_until(lambda daemon=daemon: daemon.scrape().get(up) == 1, deadline):
                self.fail(f"the domain is not read from {dc.fqdn}; {daemon.log_tail()}")
            daemon.wait_for_polls(1)

    def waits_for_log(self, words, what, deadline=40.0):
        for daemon in self.daemons.values():
            if not children.wait_until(lambda daemon=daemon: words in daemon.log.read_text(), deadline):
                self.fail(f"{what}: not in the log; {daemon.log_tail()}")

    def sweeps(self):
        name = exposition.key("keysync_ldap_full_sweeps_total", domain=self.first.realm)
        return {tracking: daemon.scrape()[name] for tracking, daemon in self.daemons.items()}

    def arrives_on_the_second(self, what):
        """Each key that was written must be observed there, with what whenChanged shows there as its arrival."""
        counted = [key for key in self.truth.keys if key.written is not None and not key.history]
        for tracking, daemon in self.daemons.items():
            shown = lambda daemon=daemon: self.shown_replication(daemon, "count")  # noqa: E731
            if not children.wait_until(lambda: shown() == len(counted), 30):
                self.fail(f"{what}, {tracking}: {shown()} keys were observed on the second domain controller, the truth "
                          f"is {len(counted)}; {daemon.log_tail()}")
        changed = when_changed(self.second.directory)
        for key, dn in self.estate.written_keys():
            if not key.history and id(key) not in self.delays:
                self.delays[id(key)] = max(0, changed[dn] - key.written) / 10**7
        self.check_replication_delays()
        print(f"{time.monotonic() - self.world.begun:6.1f} s  {what}: {len(counted)} keys", flush=True)

    def check_replication_delays(self):
        for tracking, daemon in self.daemons.items():
            self.assertEqual((self.shown_replication(daemon, "count"), self.shown_replication(daemon, "sum")),
                             (len(self.delays), sum(self.delays.values())), tracking)

    def shown_replication(self, daemon, part):
        return daemon.scrape()[exposition.key(f"keysync_replication_delay_seconds_{part}", domain=self.first.realm,
                                              server=self.second.uri)]


if __name__ == "__main__":
    command_line.main(FailoverTest)
