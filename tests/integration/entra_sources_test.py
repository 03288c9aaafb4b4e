#!/usr/bin/python3
"""The other ways in: exported audit logs in every shape tell exactly what Graph tells; the registration report; the
confirmation of single keys; users in batches."""

import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from entra_standin import EntraStandin
from entra_standin.exports import Exporter
from graph_probe import GraphProbe

PROBE = sys.argv.pop(1)
FORMS = ("graph_lines", "graph_page", "event_hub_lines", "event_hub_batches", "array", "log_analytics")


class SourcesTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="keysyncd-entra-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.entra = EntraStandin(directory.name, throttle=None, seed=3).start()
        self.addCleanup(self.entra.stop)
        self.tenant = self.entra.tenant
        self.jane = self.tenant.add_user("jane@corp.test", sid="S-1-5-21-1-2-3-1104")

    def probe(self, **settings):
        made = GraphProbe(PROBE, self.entra.configuration(reports_window_ms=50, **settings))
        self.addCleanup(made.close)
        return made


class AuditFilesTest(SourcesTest):
    def exporters(self):
        return {form: Exporter(self.tenant, os.path.join(self.directory, form), form) for form in FORMS}

    def read(self, probe, form):
        outcome = probe.call("audit_files", patterns=[os.path.join(self.directory, form, "*.json")])
        self.assertEqual(outcome["problems"], [])
        return outcome["events"]

    def test_every_shape_tells_what_graph_tells(self):
        for names in ("both", "upn", "initiator", "id"):
            key = self.tenant.register_key(self.jane["id"], names=names)
            self.tenant.delete_key(key["key_id"], names=names)
            self.tenant.register_key(self.jane["id"], usage="FIDO", names=names)
        self.tenant.add_event(self.jane["id"], "Update device")
        self.tenant.add_event(self.jane["id"], "Add Windows Hello for Business credential", result="failure")
        by_graph = self.probe().registrations()["events"]
        self.assertEqual(len(by_graph), 12)
        for form, exporter in self.exporters().items():
            with self.subTest(form):
                exporter.write()
                self.assertEqual(sorted(self.read(self.probe(), form), key=lambda e: e["event_id"]),
                                 sorted(by_graph, key=lambda e: e["event_id"]))

    def test_growth_and_rotation_lose_and_repeat_nothing(self):
        for form, exporter in self.exporters().items():
            with self.subTest(form):
                probe, expected = self.probe(), []
                self.tenant.register_key(self.jane["id"])
                exporter.write()
                self.assertTrue(self.read(probe, form))
                seen = []
                for step in range(6):
                    expected.append(self.tenant.register_key(self.jane["id"])["event_id"])
                    exporter.write()
                    if step % 3 == 1:
                        exporter.rotate()
                        expected.append(self.tenant.register_key(self.jane["id"])["event_id"])
                        exporter.write()
                    if step % 2:
                        seen += [event["event_id"] for event in self.read(probe, form)]
                self.assertEqual(sorted(seen), sorted(expected))

    def test_a_hundred_thousand_events_are_read_in_flat_memory(self):
        self.tenant.register_key(self.jane["id"])
        exporter = Exporter(self.tenant, os.path.join(self.directory, "large"), "event_hub_lines")
        exporter.write()
        line = pathlib.Path(exporter.path).read_text(encoding="utf-8")
        with open(exporter.path, "a", encoding="utf-8") as file:
            for _ in range(100):
                file.write(line * 1000)
        probe = self.probe()
        probe.call("audit_files", patterns=[], count_only=True)
        before = probe.peak_memory()
        outcome = probe.call("audit_files", patterns=[exporter.path], count_only=True)
        self.assertEqual(outcome["event_count"], 100001)
        self.assertLess(probe.peak_memory() - before, 30 << 20)


class ReportTest(SourcesTest):
    def test_registrations_are_found_by_the_report_and_the_methods(self):
        probe = self.probe()
        self.tenant.register_key(self.jane["id"], at="2026-01-01T00:00:00Z", audit=False)
        survey = lambda: probe.call("survey", since="2026-01-02T00:00:00Z")  # noqa: E731
        first = survey()
        self.assertEqual((first["events"], first["asked"]), ([], 0))
        john = self.tenant.add_user("john@corp.test")
        key = self.tenant.register_key(john["id"], at="2026-01-03T10:00:00Z", audit=False)
        self.tenant.register_key(self.jane["id"], usage="FIDO", at="2026-01-03T11:00:00Z", audit=False)
        found = survey()
        self.assertEqual([(e["kind"], e["key_kind"], e["at"], e["user_principal_name"]) for e in found["events"]],
                         [("registered", "fido", "2026-01-03T11:00:00.0000000Z", "jane@corp.test"),
                          ("registered", "ngc", "2026-01-03T10:00:00.0000000Z", "john@corp.test")])
        self.assertEqual(survey()["asked"], 0)
        self.tenant.delete_key(key["key_id"], at="2026-01-03T12:00:00Z", audit=False)
        gone = survey()["events"]
        self.assertEqual([(e["kind"], e["user_id"]) for e in gone], [("deleted", john["id"])])
        self.assertEqual(survey()["events"], [])


class UsersTest(SourcesTest):
    def test_methods_confirm_keys_in_every_form_of_id(self):
        self.tenant.register_key(self.jane["id"], at="2026-01-03T10:00:00.5Z")
        self.tenant.register_key(self.jane["id"], usage="FIDO")
        probe = self.probe()
        for form in ("url_token", "base64url", "base64", "hex", "opaque"):
            self.tenant.set_method_id_form(form)
            outcome = probe.call("methods", user="jane@corp.test", kind="ngc")
            self.assertEqual([m["created_at"] for m in outcome["methods"]], ["2026-01-03T10:00:00.0000000Z"])
            self.assertEqual(len(probe.call("methods", user="jane@corp.test", kind="fido")["methods"]), 1)
        self.assertFalse(probe.call("methods", user="nobody")["known"])
        self.entra.graph.deny("whfb_methods", "accessDenied", "Request Authorization failed")
        error = probe.call("methods", user="jane@corp.test")["error"]
        self.assertEqual(error["failure"], "forbidden")
        self.assertIn("UserAuthenticationMethod.Read.All", error["detail"])

    def test_users_come_in_batches_and_429_inside_is_waited_for(self):
        users = [self.tenant.add_user(f"user{i}@corp.test")["id"] for i in range(45)]
        self.entra.faults.add_fault("batch", "inner_status", status=429, headers={"Retry-After": "1"})
        outcome = self.probe().call("users", users=[*users, "nobody"])
        self.assertEqual([answer["asked"] for answer in outcome["users"]], [*users, "nobody"])
        self.assertTrue(all(answer["user"]["id"] == answer["asked"] for answer in outcome["users"][:-1]))
        self.assertIsNone(outcome["users"][-1]["user"])
        self.assertFalse(outcome["users"][-1]["failed"])
        self.assertEqual(outcome["requests"].count("batch 200"), 4)
        self.assertGreaterEqual(outcome["throttled_seconds"], 1.0)


if __name__ == "__main__":
    unittest.main()
