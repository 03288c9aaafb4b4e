#!/usr/bin/python3
"""deploy/grafana: every query of every panel is run in a real Prometheus that scrapes a daemon-like exposition."""

import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from web_stand_in import WebStandIn

PROGRAM = sys.argv.pop(1)
DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"

# (dashboard, panel, number of the query): why it is rightly empty.
RIGHTLY_EMPTY = {
    ("keysyncd-drill-down", "Polls and failures a minute", 1): "no poll fails while the test looks",
    ("keysyncd-drill-down", "Graph requests a minute", 0): "the stand-in asks Graph nothing after its start",
}


def dashboards():
    return {path.stem: json.loads(path.read_text()) for path in sorted((DEPLOY / "grafana").glob("*.json"))}


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def runnable(expression):
    for variable, value in {"$domain": ".*", "$usage": ".*", "$__rate_interval": "10s", "$__range": "30s"}.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression, expression
    return expression


class Prometheus:
    """A Prometheus on loopback that scrapes each second and knows the recording rules."""

    def __init__(self, target):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        for rules in (DEPLOY / "prometheus").glob("keysyncd.*.yml"):
            if not rules.name.endswith(".test.yml"):
                shutil.copy(rules, self.folder)
        (self.folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            "rule_files: [keysyncd.recording.yml, keysyncd.alerts.yml]\n"
            f"scrape_configs: [{{job_name: keysyncd, static_configs: [{{targets: ['{target}']}}]}}]\n")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
             f"--web.listen-address={self.address}", "--log.level=error"])

    def query(self, expression):
        data = urllib.parse.urlencode({"query": expression}).encode()
        try:
            with urllib.request.urlopen(f"http://{self.address}/api/v1/query", data=data, timeout=10) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{expression}: {error.read().decode()}") from error

    def wait_for(self, expression, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if result := self.query(expression):
                    return result
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.2)
        raise AssertionError(f"no answer to {expression} in {seconds} s")

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        shutil.rmtree(self.folder)


class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.web = WebStandIn(PROGRAM, "--grow").__enter__()
        cls.addClassCleanup(cls.web.__exit__)
        cls.prometheus = Prometheus("%s:%d" % cls.web.addresses[0])
        cls.addClassCleanup(cls.prometheus.close)
        cls.prometheus.wait_for("domain:keysync_missed_cycles_per_key:ratio6h >= 0", 60)
        cls.prometheus.wait_for("increase(keysync_delay_seconds_count[10s]) > 0", 60)

    def test_every_query_returns_numbers(self):
        for name, dashboard in dashboards().items():
            for panel in panels(dashboard):
                for number, target in enumerate(panel["targets"]):
                    with self.subTest(dashboard=name, panel=panel["title"], query=target["expr"]):
                        if (name, panel["title"], number) in RIGHTLY_EMPTY:
                            self.prometheus.query(runnable(target["expr"]))  # it parses, at least
                            continue
                        result = self.prometheus.wait_for(runnable(target["expr"]), 15)
                        self.assertTrue(any(series["value"][1] != "NaN" for series in result), result)

    def test_every_recording_rule_has_data_and_none_fails(self):
        with urllib.request.urlopen(f"http://{self.prometheus.address}/api/v1/rules", timeout=10) as answer:
            groups = json.load(answer)["data"]["groups"]
        for rule in (rule for group in groups for rule in group["rules"]):
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
                    "keysync_config_last_reload_success_timestamp_seconds"}  # seen beside what is shown
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
                    self.assertTrue(panel["description"] or panel["title"])

    def test_links_lead_to_runbooks_that_exist(self):
        for dashboard in dashboards().values():
            for panel in panels(dashboard):
                for link in panel["links"]:
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
