#!/usr/bin/python3
"""deploy/grafana: every query of every panel is run in a real Prometheus that scrapes a daemon-like exposition."""

import json
import pathlib
import re
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from dashboards import dashboards, panels, queries, runnable
from lab.prometheus import RULES, PrometheusServer
from web_stand_in import WebStandIn

PROGRAM = sys.argv.pop(1)
DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"

# (dashboard, panel, number of the query): why it is rightly empty.
RIGHTLY_EMPTY = {
    ("keysyncd-drill-down", "Polls and failures a minute", 1): "no poll fails while the test looks",
    ("keysyncd-overview", "Alerts", 0): "what fires has to last for minutes first; what is pending is not shown",
    ("keysyncd-drill-down", "Graph requests a minute", 0): "the stand-in asks Graph nothing after its start",
}


class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.web = WebStandIn(PROGRAM, "--grow").__enter__()
        cls.addClassCleanup(cls.web.__exit__)
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="keysyncd-dashboards-"))
        target = {"job_name": "keysyncd", "static_configs": [{"targets": ["%s:%d" % cls.web.addresses[0]]}]}
        cls.prometheus = PrometheusServer(pathlib.Path(folder) / "prometheus", [target], rules=RULES).start()
        cls.addClassCleanup(cls.prometheus.stop)
        cls.prometheus.wait_for("domain:keysync_missed_cycles_per_key:ratio6h >= 0", 60)
        cls.prometheus.wait_for("increase(keysync_delay_seconds_count[10s]) > 0", 60)

    def test_every_query_returns_numbers(self):
        for place, query in queries():
            with self.subTest(place=place, query=query):
                if place in RIGHTLY_EMPTY:
                    self.prometheus.query(runnable(query))  # it parses, at least
                    continue
                result = self.prometheus.wait_for(runnable(query), 15)
                self.assertTrue(any(value == value for _, value in result), f"NaN only: {result}")

    def test_the_table_of_alerts_shows_what_fires_and_not_what_is_pending(self):
        [query] = [query for place, query in queries() if place == ("keysyncd-overview", "Alerts", 0)]
        anything = query.replace(',alertstate="firing"', "")
        self.assertNotEqual(anything, query)
        self.prometheus.wait_for(anything, 60)

    def test_every_recording_rule_has_data_and_none_fails(self):
        for rule in self.prometheus.rules():
            with self.subTest(rule=rule["name"]):
                self.assertIn(rule["health"], ("ok", "unknown"), rule.get("lastError"))
                if rule["type"] == "recording":
                    self.prometheus.wait_for(rule["name"], 15)

    def test_variables_find_their_values(self):
        for dashboard in dashboards().values():
            for variable in dashboard["templating"]["list"]:
                if variable["type"] == "query":
                    metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
                    self.assertTrue(self.prometheus.wait_for(f"count by ({label}) ({metric})", 15))

    def test_every_metric_of_the_exposition_is_on_a_dashboard_in_a_rule_or_left_out_for_a_reason(self):
        left_out = {"process_virtual_memory_bytes", "process_max_fds",
                    "keysync_config_last_reload_success_timestamp_seconds",  # seen beside what is shown
                    "keysync_observed_server_up"}  # 0 also where there was no reason yet to look: for the runbook
        used = json.dumps(dashboards()) + "".join(
            path.read_text() for path in (DEPLOY / "prometheus").glob("keysyncd.*.yml"))
        with urllib.request.urlopen(self.web.origin + "/metrics", timeout=10) as answer:
            names = re.findall(r"^# TYPE (\w+)", answer.read().decode(), re.MULTILINE)
        self.assertGreater(len(names), 30)
        self.assertEqual({name for name in names if name not in used} - left_out, set())


class Form(unittest.TestCase):
    def test_dashboards_can_be_imported_anywhere(self):
        for name, dashboard in dashboards().items():
            self.assertNotIn("__inputs", dashboard)
            self.assertEqual(dashboard["uid"], name)
            self.assertEqual(dashboard["templating"]["list"][0]["type"], "datasource")
            for panel in panels(dashboard):
                with self.subTest(dashboard=name, panel=panel["title"]):
                    self.assertEqual(panel["datasource"]["uid"], "${datasource}")
                    self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                    self.assertTrue(panel["title"])
                    self.assertRegex(panel["description"], r"^\S.*[.]$")
                    self.assertNotEqual(panel["description"], panel["title"])

    def test_thresholds_of_waiting_follow_the_configured_cycle(self):
        for name, dashboard in dashboards().items():
            for panel in panels(dashboard):
                steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
                if panel["fieldConfig"]["defaults"]["unit"] == "s" and panel["title"] != "Certificates":
                    with self.subTest(dashboard=name, panel=panel["title"]):
                        self.assertEqual([step["value"] for step in steps if (step["value"] or 0) > 1], [])

    def test_replicas_are_not_added_up(self):
        for (name, title, _), query in queries():
            for metric in re.findall(r"\b(?:rate|increase)\((keysync_\w+)", query):
                per_process = re.search("_polls_|_poll_|_graph_|_ldap_", metric)  # what each process does is added up
                if not per_process:
                    with self.subTest(dashboard=name, panel=title):
                        self.assertRegex(query, r"max by \([a-z, ]+\) \((rate|increase)\(" + metric)

    def test_links_lead_to_runbooks_that_exist(self):
        for dashboard in dashboards().values():
            for panel in panels(dashboard):
                for link in panel["links"]:
                    self.assertRegex(link["url"], "^https://runbooks.example.com/keysyncd/")  # the base of the alerts, too
                    self.assertTrue((DEPLOY / "runbooks" / link["url"].rsplit("/", 1)[1]).exists(), link)

    def test_panels_do_not_overlap(self):
        for name, dashboard in dashboards().items():
            cells = {}
            for panel in dashboard["panels"]:
                place = panel["gridPos"]
                for x in range(place["x"], place["x"] + place["w"]):
                    for y in range(place["y"], place["y"] + place["h"]):
                        self.assertLess(x, 24)
                        self.assertIsNone(cells.get((x, y)), f"{name}: {panel['title']} on {cells.get((x, y))}")
                        cells[x, y] = panel["title"]


if __name__ == "__main__":
    unittest.main()
