#!/usr/bin/python3
"""deploy/prometheus, deploy/alertmanager and deploy/runbooks: sound, tested both ways, and without loose ends."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
ALERTMANAGER = DEPLOY / "alertmanager"
RUNBOOKS = "https://runbooks.example.com/keysyncd/"  # one base for all of them, as README.md says


def run(*command, cwd=PROMETHEUS):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=110)
    return done.returncode, done.stdout + done.stderr


def alerts():
    groups = yaml.safe_load((PROMETHEUS / "keysyncd.alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


class Rules(unittest.TestCase):
    def test_promtool_accepts_the_rules(self):
        code, output = run("promtool", "check", "rules", "keysyncd.recording.yml", "keysyncd.alerts.yml")
        self.assertEqual(code, 0, output)

    def test_each_alert_fires_where_it_must_and_nowhere_else(self):
        code, output = run("promtool", "test", "rules", "keysyncd.alerts.test.yml")
        self.assertEqual(code, 0, output)

    def test_each_alert_is_tested_both_ways(self):
        fires, silent = set(), set()
        for test in yaml.safe_load((PROMETHEUS / "keysyncd.alerts.test.yml").read_text())["tests"]:
            checks = [check for check in test.get("promql_expr_test", []) if "alertname=" in check["expr"]]
            names = {re.search(r'alertname="(\w+)"', check["expr"]).group(1) for check in checks}
            if any(check["exp_samples"] for check in checks):
                fires |= names
            else:
                silent |= names
        names = {rule["alert"] for rule in alerts()}
        self.assertEqual(names - fires, set(), "never shown to fire")
        self.assertEqual(names - silent, set(), "never shown to stay silent")

    def test_each_alert_tells_what_an_operator_needs(self):
        for rule in alerts():
            with self.subTest(alert=rule["alert"]):
                self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"))
                self.assertTrue(rule["annotations"]["summary"])
                self.assertTrue(rule["annotations"]["description"])
                self.assertRegex(rule["annotations"]["runbook_url"], f"^{re.escape(RUNBOOKS)}")
                runbook = DEPLOY / "runbooks" / rule["annotations"]["runbook_url"].rsplit("/", 1)[1]
                self.assertIn(f"**{rule['alert']}**", runbook.read_text())

    def test_thresholds_of_time_follow_the_configured_cycle(self):
        for rule in alerts():
            if re.search(r"delay_seconds|last_write|last_sync|last_success|replication", rule["expr"]):
                with self.subTest(alert=rule["alert"]):
                    self.assertRegex(rule["expr"], r"keysync_cycle_seconds|keysync_overdue_after_seconds")

    def test_every_runbook_belongs_to_an_alert(self):
        used = {rule["annotations"]["runbook_url"].rsplit("/", 1)[1] for rule in alerts()}
        self.assertEqual({path.name for path in (DEPLOY / "runbooks").glob("*.md")}, used)

    def test_every_reason_and_cause_has_its_section(self):
        root = DEPLOY.parent
        reasons = re.findall(r'case KeyFinding::\w+:\s*return "(\w+)";', (root / "ldap" / "key_findings.cpp").read_text())
        causes = re.search(r"cause_labels\{(.*?)\}", (root / "metrics" / "exposition.hpp").read_text(), re.DOTALL).group(1)
        self.assertEqual(len(reasons), 10)
        for name, runbook in [(reason, "suspicious-keys.md") for reason in reasons] + [
                (cause, "overdue-keys.md") for cause in re.findall(r'"(\w+)"', causes) if cause != "sync_stalled"]:
            self.assertRegex((DEPLOY / "runbooks" / runbook).read_text(), rf"(?m)^### .*\b{name}\b")

    def test_the_example_configurations_are_sound_name_rules_that_exist_and_are_described(self):
        described = (PROMETHEUS / "README.md").read_text()
        examples = sorted(path.name for path in PROMETHEUS.glob("*.example.yml"))
        self.assertEqual(len(examples), 4)
        for name in examples:
            with self.subTest(file=name):
                code, output = run("promtool", "check", "config", "--syntax-only", name)
                self.assertEqual(code, 0, output)
                self.assertIn(f"`{name}`", described)
                for rules in yaml.safe_load((PROMETHEUS / name).read_text()).get("rule_files", []):
                    self.assertTrue((PROMETHEUS / rules).exists(), rules)

    def test_the_description_names_rules_that_exist(self):
        groups = yaml.safe_load((PROMETHEUS / "keysyncd.recording.yml").read_text())["groups"]
        recorded = {rule["record"] for group in groups for rule in group["rules"]}
        for name in re.findall(r"`([a-z_]+:keysync_[a-z_]+:[a-z0-9_]+)`", (PROMETHEUS / "README.md").read_text()):
            self.assertIn(name, recorded)

    def test_runbooks_link_only_runbooks_that_exist(self):
        for runbook in (DEPLOY / "runbooks").glob("*.md"):
            for name in re.findall(r"\b([a-z-]+\.md)\b", runbook.read_text()):
                self.assertTrue((DEPLOY / "runbooks" / name).exists(), f"{runbook.name} names {name}")


class Alertmanager(unittest.TestCase):
    def test_amtool_accepts_the_example(self):
        code, output = run("amtool", "check-config", "alertmanager.yml", cwd=ALERTMANAGER)
        self.assertEqual(code, 0, output)

    def test_alerts_go_to_those_who_can_mend_them(self):
        for labels, receiver in {
            ("alertname=KeysyncSuspiciousKeys", "severity=warning"): "security-team",
            ("alertname=KeysyncDaemonDown", "severity=critical"): "operations",
            ("alertname=KeysyncLedgerRebuilt", "severity=warning"): "operations",
            ("alertname=KeysyncSyncStalled", "severity=critical"): "identity-on-call",
            ("alertname=KeysyncOverdueKeys", "severity=warning"): "identity-team",
            ("alertname=KeysyncCycleLengthDiffers", "severity=info"): "identity-team",
        }.items():
            with self.subTest(labels=labels):
                code, output = run("amtool", "config", "routes", "test", "--config.file=alertmanager.yml", *labels,
                                   cwd=ALERTMANAGER)
                self.assertEqual((code, output.split()[0]), (0, receiver), output)

    def test_inhibition_names_alerts_that_exist(self):
        names = {rule["alert"] for rule in alerts()}
        config = yaml.safe_load((ALERTMANAGER / "alertmanager.yml").read_text())
        for rule in config["inhibit_rules"]:
            for matcher in rule["source_matchers"] + rule["target_matchers"]:
                if matcher.startswith("alertname"):
                    for name in re.search('"(.*)"', matcher).group(1).split("|"):
                        self.assertIn(name, names)

    def test_a_standstill_hides_its_consequences_and_nothing_else(self):
        rules = yaml.safe_load((ALERTMANAGER / "alertmanager.yml").read_text())["inhibit_rules"]

        def matches(matchers, labels):
            for matcher in matchers:
                name, operator, value = re.fullmatch(r'(\w+)(=~?)"(.*)"', matcher).groups()
                if not re.fullmatch(value if operator == "=~" else re.escape(value), labels.get(name, "")):
                    return False
            return True

        def hides(source, target):
            return any(matches(rule["source_matchers"], source) and matches(rule["target_matchers"], target)
                       and all(source.get(name) == target.get(name) for name in rule.get("equal", [])) for rule in rules)

        def overdue(cause, domain="corp"):
            return {"alertname": "KeysyncOverdueKeys", "domain": domain, "cause": cause}

        tenant = {"alertname": "KeysyncTenantSyncStale", "instance": "a"}
        stalled = {"alertname": "KeysyncSyncStalled", "domain": "corp"}
        self.assertTrue(hides(tenant, stalled))
        self.assertTrue(hides(stalled, overdue("unknown")))
        self.assertTrue(hides(stalled, {"alertname": "KeysyncMostKeysLate", "domain": "corp"}))
        self.assertFalse(hides(stalled, overdue("unknown", domain="lab")))
        for cause in ("protected_account", "account_disabled", "not_in_directory", "provisioning_error"):
            for source in (tenant, stalled, {"alertname": "KeysyncWriteBackStopped", "domain": "corp"}):
                self.assertFalse(hides(source, overdue(cause)), f"{source} hides {cause}")

    def test_the_text_names_the_cause(self):
        labels = {"alertname": "KeysyncOverdueKeys", "domain": "corp.example.com", "cause": "protected_account"}
        annotations = {"summary": "2 keys are overdue", "description": "They wait.", "runbook_url": "https://x/x.md"}
        data = {"receiver": "r", "status": "firing", "groupLabels": {}, "commonLabels": labels,
                "commonAnnotations": annotations, "externalURL": "http://localhost",
                "alerts": [{"status": "firing", "labels": labels, "annotations": annotations,
                            "startsAt": "2026-01-02T03:04:05Z", "endsAt": "0001-01-01T00:00:00Z"}]}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(json.dumps(data))
            file.flush()
            render = lambda name: run("amtool", "template", "render", "--template.glob=keysyncd.tmpl",
                                      f'--template.text={{{{ template "{name}" . }}}}', f"--template.data={file.name}",
                                      cwd=ALERTMANAGER)
            code, subject = render("keysyncd.subject")
            self.assertEqual(code, 0, subject)
            self.assertEqual(subject.strip(), "[FIRING 1] KeysyncOverdueKeys in corp.example.com: "
                                              "protected accounts (adminCount=1): the connector may not write")
            code, text = render("keysyncd.text")
            self.assertEqual(code, 0, text)
            self.assertIn("Since: 2026-01-02 03:04 UTC", text)
            self.assertIn("Runbook: https://x/x.md", text)


if __name__ == "__main__":
    unittest.main()
