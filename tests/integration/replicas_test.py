#!/usr/bin/python3
"""More than one machine: two replicas with ledgers of their own, one started later and restarted, and a third daemon
for another part of the estate; a Prometheus that scrapes them, and a second one that federates from it and has the
recording rules. What comes out of that counts each key once: every figure is held against the truth."""

import hashlib
import json
import pathlib
import random
import re
import subprocess
import sys
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import key_blob
from dashboards import queries, runnable
from lab import children, exposition
from lab.keysyncd_process import KeysyncdProcess, binary, domain_configuration
from lab.prometheus import DEPLOYED, RULES, PrometheusServer
from scenario.comparison import differences
from scenario.estate import now
from scenario.plan import Plan
from scenario.world import World

SEED = 20260207
BRANCH = "branch.whfb.test"
BRANCH_USERS = 4

# A replica that starts later knows some writes less exactly: its delays are longer, so that buckets are joined by max,
# but the sum of all delays can't be.
NOT_JOINED = {"keysync_delay_seconds_sum", "keysync_ledger_rebuilds_total", "keysync_ledger_commit_failures_total"}

# (dashboard, panel, number of the query): why it has nothing to show here.
RIGHTLY_EMPTY = {
    ("keysyncd-drill-down", "Observed and configured cycle", 0): "two runs of Connect don't tell a cycle",
    ("keysyncd-overview", "Next write expected in", 0): "two runs of Connect don't tell a cycle",
    ("keysyncd-drill-down", "Replication to observed servers", 0): "no server is observed",
    ("keysyncd-drill-down", "Polls and failures a minute", 1): "no poll fails",
    ("keysyncd-overview", "Alerts", 0): "what fires has to last for minutes first",
}

# (dashboard, panel, number of the query): the counter or gauge that it shows, and the label that it keeps. Its sums over
# a time are held against the truth as they are without the time.
COUNTS = {
    ("keysyncd-overview", "Keys by state", 0): ("keysync_keys", "state"),
    ("keysyncd-overview", "Overdue keys by cause", 0): ("keysync_overdue_keys", "cause"),
    ("keysyncd-overview", "Suspicious keys by reason", 0): ("keysync_suspicious_keys", "reason"),
    ("keysyncd-overview", "Delays", 0): ("keysync_delay_seconds_bucket", "le"),
    ("keysyncd-drill-down", "Delays", 0): ("keysync_delay_seconds_bucket", "le"),
    ("keysyncd-drill-down", "Distribution in the chosen time", 0): ("keysync_delay_seconds_bucket", "le"),
    ("keysyncd-drill-down", "Measurements by precision", 0): ("keysync_measurements_total", "precision"),
    ("keysyncd-drill-down", "Registered, written, removed an hour", 0): ("keysync_registrations_total", "usage"),
    ("keysyncd-drill-down", "Registered, written, removed an hour", 1): ("keysync_writes_total", "usage"),
    ("keysyncd-drill-down", "Registered, written, removed an hour", 2): ("keysync_removals_total", "usage"),
    ("keysyncd-drill-down", "Keys by state", 0): ("keysync_keys", "state"),
    ("keysyncd-drill-down", "Directory entries read a minute", 2): ("keysync_malformed_values_total", "kind"),
}


def without_time(query):
    """The same sums over what was counted so far, instead of over what was counted in a time."""
    return re.sub(r"\b(?:rate|increase)\((\w+\{[^}]*\})\[\w+\]\)", r"\1", query).removesuffix(" * 3600")


def federation(leaf):
    """The scrape job of deploy/prometheus/federate.example.yml, with the address of this leaf."""
    job = yaml.safe_load((DEPLOYED / "federate.example.yml").read_text())["scrape_configs"][0]
    del job["scheme"], job["tls_config"], job["basic_auth"]  # the lab's Prometheus speaks plain HTTP
    return {**job, "scrape_interval": "1s", "scrape_timeout": "1s", "static_configs": [{"targets": [leaf.address]}]}


class ReplicasTest(unittest.TestCase):
    def setUp(self):
        plan = Plan(SEED, phases=2, normal_users=70, keys_a_phase=10, endings=False)
        self.world = self.enterContext(World(plan, SEED))
        self.estate, self.first = self.world.estate, self.world.daemon
        directory = self.world.dc.directory
        self.first.configuration["domains"][0]["base_dn"] = directory.people_dn
        self.first.write_configuration()
        self.second = self.daemon("second", self.first.configuration)
        self.branch = self.daemon("branch", {"domains": [domain_configuration(
            self.world.dc, name=BRANCH, base_dn=self.populate_branch(directory), poll_interval="1s")]})
        targets = [daemon.address for daemon in (self.first, self.second, self.branch)]
        scrape = {"job_name": "keysyncd", "static_configs": [{"targets": targets}]}
        self.leaf = self.prometheus("leaf", scrape)
        self.alone = self.prometheus("alone", scrape, rules=RULES)  # the dashboards need no second Prometheus
        self.estate_wide = self.prometheus("estate", federation(self.leaf), rules=RULES)

    def daemon(self, name, configuration):
        daemon = KeysyncdProcess(self.world.folder / name, {
            part: settings for part, settings in configuration.items() if part != "ledger"})
        self.addCleanup(daemon.stop)
        return daemon

    def prometheus(self, name, job, rules=()):
        server = PrometheusServer(self.world.folder / name, [job], rules=rules).start()
        self.addCleanup(server.stop)
        return server

    def populate_branch(self, directory):
        unit = directory.add_organizational_unit("Branch", parent=directory.base_dn)
        for number in range(BRANCH_USERS):
            material = key_blob.rsa_material(random.Random(min(number, BRANCH_USERS - 2)))  # the last two have the same
            directory.add_key(directory.add_user(f"branch{number}", parent=unit), key_blob.with_key_hash(
                key_blob.entra_blob(hashlib.sha256(material).digest(), material, now() - 400 * 86400 * 10**7)))
        return unit

    def joined(self, name):
        return {(name, tuple(sorted(labels.items()))): value for labels, value in
                self.estate_wide.query(f'max without (instance, job) ({name}{{domain!="{BRANCH}"}})')}

    def holds(self, what):
        left = []

        def settled():
            expected = {key: value for key, value in self.world.truth.expected(now()).items()
                        if key[0] not in NOT_JOINED}
            shown = {}
            for name in {name for name, _ in expected}:
                shown.update(self.joined(name))
            left[:] = differences(expected, shown)
            return not left

        if not children.wait_until(settled, 40, interval=0.5):
            self.fail("\n  ".join([f"{what}: {len(left)} figures are wrong", *left, self.first.log_tail(5),
                                   self.second.log_tail(5)]))
        print(f"  {what}", flush=True)

    def test_each_key_is_counted_once(self):
        self.first.start()
        self.branch.start()
        self.run_phase(1)
        self.holds("one replica alone")

        self.second.start()
        self.second.wait_for_polls(2)
        self.holds("a second one, started later on a ledger of its own")
        both = self.estate_wide.wait_for('count by (domain) (keysync_cycle_seconds{domain="whfb.test"}) == 2', 20)
        self.assertEqual(len(both), 1, "both replicas are seen, or the test proves nothing")

        self.assertEqual(self.second.stop(), 0)
        self.run_phase(2)
        self.holds("written while the second was down")
        self.second.start()
        self.assertEqual(self.first.stop(), 0)
        self.second.wait_for_polls(2)
        self.first.start()
        self.first.wait_for_polls(2)
        self.holds("both restarted, one after the other")
        self.sums_over_domains_are_the_estate()
        self.every_query_of_the_dashboards_returns_numbers()
        self.the_dashboards_count_each_key_once()

    def run_phase(self, phase):
        self.world.register(phase)
        self.estate.synchronise()
        self.estate.release_late_events()

    def sums_over_domains_are_the_estate(self):
        states = {}
        for (name, labels), value in self.world.truth.expected(now()).items():
            if name == "keysync_keys":
                state = dict(labels)["state"]
                states[state] = states.get(state, 0) + value
        states["synced"] += BRANCH_USERS
        wanted = {exposition.key("state:keysync_keys:sum", state=state): value for state, value in states.items()}

        def recorded():
            return {exposition.key("state:keysync_keys:sum", state=labels["state"]): value for labels, value in
                    self.estate_wide.query("state:keysync_keys:sum")}

        children.wait_until(lambda: not differences(wanted, recorded()), 20)
        self.assertEqual(differences(wanted, recorded()), [])
        shared = self.estate_wide.query('domain_reason:keysync_suspicious_keys:max{reason="shared_key"} > 0')
        self.assertEqual([(labels["domain"], value) for labels, value in shared], [(BRANCH, 2)])
        self.both_carriers_of_the_shared_key_are_named()
        for rule in self.estate_wide.rules():
            self.assertIn(rule["health"], ("ok", "unknown"), f"{rule['name']}: {rule.get('lastError')}")

    def every_query_of_the_dashboards_returns_numbers(self):
        empty = set()

        def settled():
            empty.clear()
            for place, query in queries():
                answer = self.alone.query(runnable(query, interval="1m", shown="5m"))
                if not any(value == value for _, value in answer):
                    empty.add(place)
            return empty == set(RIGHTLY_EMPTY)

        children.wait_until(settled, 40, interval=1)
        self.assertEqual(empty, set(RIGHTLY_EMPTY))

    def the_dashboards_count_each_key_once(self):
        expressions = dict(queries())
        wrong = []

        def settled():
            wrong.clear()
            truth = self.world.truth.expected(now())
            for place, (name, label) in COUNTS.items():
                wanted, shown = {}, {}
                for (family, labels), value in truth.items():
                    if family == name:
                        key = exposition.key(name, **{label: dict(labels)[label]})
                        wanted[key] = wanted.get(key, 0) + value
                query = expressions[place].replace("$domain", self.world.dc.realm)
                for labels, value in self.alone.query(without_time(runnable(query))):
                    shown[exposition.key(name, **{label: labels[label]})] = value
                wrong.extend(f"{place}: {line}" for line in differences(wanted, shown))
            return not wrong

        children.wait_until(settled, 40, interval=1)
        self.assertEqual(wrong, [])
        print(f"  {len(COUNTS)} queries of the dashboards", flush=True)

    def both_carriers_of_the_shared_key_are_named(self):
        one, other = (f"branch{BRANCH_USERS - 1 - number}@{self.world.dc.realm}" for number in range(2))
        [user] = json.loads(self.branch.get(f"/api/v1/users/{one}")[1])["users"]
        self.assertEqual([key["findings"] for key in user["keys"]], [["shared_key"]])
        self.assertEqual([who["user_principal_name"] for who in user["keys"][0]["shared_with"]], [other])
        command = lambda *words: subprocess.run([binary(), *words, f"--config.file={self.branch.configuration_file}"],
                                                capture_output=True, text=True, timeout=60)
        self.assertIn(f"shared with  {other}", command("explain", one).stdout)
        report = json.loads(command("report", "--format=json").stdout)  # compares everyone by itself
        self.assertEqual({key["user"]["user_principal_name"] for key in report["suspicious"]["shared_key"]}, {one, other})


if __name__ == "__main__":
    children.exit_on_signals()
    unittest.main(verbosity=1)
