#!/usr/bin/python3
"""The API: its answers are what deploy/openapi.yaml says, its pages join, its refusals help, its privacy holds."""

import json
import pathlib
import re
import sys
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import openapi
from web_stand_in import WebStandIn

PROGRAM = sys.argv.pop(1)
KEYS, USER, CYCLES, STATUS = "/api/v1/keys", "/api/v1/users/{user}", "/api/v1/cycles", "/api/v1/status"


class Api(unittest.TestCase):
    arguments = ()

    @classmethod
    def setUpClass(cls):
        cls.web = WebStandIn(PROGRAM, *cls.arguments).__enter__()
        cls.addClassCleanup(cls.web.__exit__)

    def ask(self, template, status=200, user=None, **query):
        """The answer, after it was held against the document."""
        path = template.replace("{user}", urllib.parse.quote(user, safe="")) if user is not None else template
        if query:
            path += "?" + urllib.parse.urlencode(query)
        try:
            answer = urllib.request.urlopen(self.web.origin + path, timeout=10)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            body = answer.read().decode()
            self.assertEqual(answer.status, status, body)
            openapi.check(template, status, answer.headers["Content-Type"], json.loads(body))
            return json.loads(body)

    def all_keys(self, **query):
        keys, cursor = [], None
        for _ in range(1000):
            page = self.ask(KEYS, **query, **({"cursor": cursor} if cursor else {}))
            keys += page["keys"]
            if not (cursor := page["next_cursor"]):
                return keys
        self.fail("the pages never end")


class Answers(Api):
    def test_pages_of_any_size_join_to_the_same_whole(self):
        whole = self.all_keys(limit=1000)
        self.assertEqual(len(whole), 250)
        for limit in (1, 7, 100, 249, 250, 251):
            with self.subTest(limit=limit):
                self.assertEqual(self.all_keys(limit=limit), whole)
        self.assertEqual(len(self.ask(KEYS)["keys"]), 100)

    def test_filters(self):
        whole = self.all_keys()
        for state in ("pending", "overdue", "synced", "unmatched", "local", "withdrawn", "removed"):
            with self.subTest(state=state):
                self.assertEqual(self.all_keys(state=state, limit=3), [key for key in whole if key["state"] == state])
        self.assertEqual(len(self.all_keys(domain="lab.example.com")), 4)
        self.assertEqual(self.all_keys(domain="nowhere.example.com"), [])

    def test_what_is_asked_wrongly_is_refused_with_what_was_expected(self):
        for query, expected in {("state", "late"): "overdue", ("limit", "0"): "1 to 1000", ("limit", "1001"): "1 to 1000",
                                ("limit", "ten"): "1 to 1000", ("cursor", "zz"): "next_cursor",
                                ("stat", "pending"): "state, domain, limit and cursor"}.items():
            with self.subTest(query=query):
                self.assertIn(expected, self.ask(KEYS, 400, **dict([query]))["error"])

    def test_a_user_is_found_by_any_name(self):
        by_name = self.ask(USER, user="user9@corp.example.com")
        self.assertEqual(by_name["users"][0]["keys"][0]["delay_seconds"], 1020)
        self.assertIsNone(by_name["users"][0]["next_write"])
        for name in ("user9", "CN=User 9,OU=Staff,DC=corp,DC=example,DC=com"):
            self.assertEqual(self.ask(USER, user=name), by_name)
        waiting = self.ask(USER, user="user1")["users"][0]
        self.assertTrue(waiting["next_write"]["observed"])
        self.assertIsNone(waiting["blocked_by"])

    def test_a_stuck_key_has_its_mend_and_no_next_write(self):
        stuck = self.ask(USER, user="user2")["users"][0]
        self.assertEqual(stuck["keys"][0]["cause"], "protected_account")
        self.assertIn("AdminSDHolder", stuck["keys"][0]["advice"])
        self.assertEqual((stuck["next_write"], stuck["blocked_by"]), (None, "protected_account"))

    def test_hostile_names_go_through_unharmed_and_the_answer_stays_json(self):
        for name in ("<img src=x onerror=document.title='owned'>@corp.example.com", "‮moc.elpmaxe@live‬ evil"):
            with self.subTest(name=name):
                self.assertEqual(self.ask(USER, user=name)["users"][0]["user"]["user_principal_name"], name)
        self.assertIn("�", self.ask(USER, user="user3")["users"][0]["user"]["user_principal_name"])

    def test_unknown_users_and_defects_are_told_apart(self):
        self.assertIn("no user", self.ask(USER, 404, user="nobody")["error"])
        self.ask(USER, 404, user="../../etc/passwd")
        self.ask(USER, 404, user="")
        self.assertNotIn("defect", self.ask(USER, 500, user="break")["error"])

    def test_cycles_and_status(self):
        cycles = self.ask(CYCLES)["cycles"]
        self.assertEqual([len(cycle["bursts"]) for cycle in cycles], [48, 0])
        status = self.ask(STATUS)
        self.assertEqual([domain["domain"] for domain in status["domains"]], ["corp.example.com", "lab.example.com"])
        self.assertTrue(status["users_shown"])

    def test_status_says_what_the_metrics_say(self):
        with urllib.request.urlopen(self.web.origin + "/metrics", timeout=10) as answer:
            metrics = answer.read().decode()
        for domain in self.ask(STATUS)["domains"]:
            for usage, figures in domain["usages"].items():
                labels = f'domain="{domain["domain"]}",usage="{usage}"'
                for state, keys in figures["keys"].items():
                    self.assertIn(f'keysync_keys{{{labels},state="{state}"}} {keys}\n', metrics)
                self.assertIn(f'keysync_delay_seconds_count{{{labels}}} {figures["delay"]["count"]}\n', metrics)
                buckets = [int(n) for n in re.findall(rf'keysync_delay_seconds_bucket{{{labels},le="[^"]+"}} (\d+)', metrics)]
                self.assertEqual([b - a for a, b in zip([0] + buckets, buckets)], figures["delay"]["counts"])
            for cause, keys in domain["overdue_by_cause"].items():
                self.assertIn(f'keysync_overdue_keys{{domain="{domain["domain"]}",cause="{cause}"}} {keys}\n', metrics)


class Hashed(Api):
    arguments = ("--hashed",)

    def test_no_name_and_no_identifier_of_a_user_is_shown(self):
        for key in self.all_keys(limit=50):
            user = key["user"]
            self.assertRegex(user["user_principal_name"], "^sha256:[0-9a-f]{16}$")
            self.assertEqual([user[name] for name in ("dn", "object_guid", "object_sid", "entra_id")], [""] * 4)

    def test_who_knows_a_name_can_ask_for_it(self):
        user = self.ask(USER, user="user9@corp.example.com")["users"][0]
        self.assertEqual(len(user["keys"]), 1)
        self.assertNotIn("user9", json.dumps(user))


class Closed(Api):
    arguments = ("--disable-users",)

    def test_users_are_closed_and_the_rest_is_open(self):
        self.assertIn("--web.disable-users", self.ask(KEYS, 403)["error"])
        self.ask(USER, 403, user="user9")
        self.ask(CYCLES)
        self.assertFalse(self.ask(STATUS)["users_shown"])


class Document(unittest.TestCase):
    def test_every_closed_set_is_the_programs(self):
        root = pathlib.Path(__file__).resolve().parents[2]
        schemas = openapi.DOCUMENT["components"]["schemas"]
        exposition = (root / "metrics" / "exposition.hpp").read_text()
        for schema, labels in (("State", "state_labels"), ("Cause", "cause_labels")):
            text = re.search(labels + r"\{(.*?)\}", exposition, re.DOTALL).group(1)
            self.assertEqual(schemas[schema]["enum"], re.findall(r'"(\w+)"', text))
        names = (root / "ldap" / "key_findings.cpp").read_text().split("to_string(KeyFinding", 1)[1].split("\n}\n", 1)[0]
        findings = re.findall(r'KeyFinding::\w+:\s+return "(\w+)";', names)
        self.assertEqual(schemas["Finding"]["enum"], findings)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
