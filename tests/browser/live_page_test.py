#!/usr/bin/python3
"""The status page of the real daemon on a real domain controller, in headless Chromium: what a person reads there is
the truth and what the API tells, while keys come and go; names that an attacker chose stay text; phone and keyboard."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import show_as, start_browser
from lab import children
from scenario.estate import now
from scenario.plan import Plan
from scenario.world import World

SEED = 20260302
MARKUP = "<img src=x onerror=alert(1)>"
RIGHT_TO_LEFT = "\u202egro.elpmaxe@nimda\u202c"
LONG = "w" * 1_000  # the longest name that a directory takes; web_stand_in shows 10 kB
HOSTILE = (MARKUP, RIGHT_TO_LEFT, LONG)


class LivePageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        plan = Plan(SEED, phases=2, normal_users=80, keys_a_phase=10)
        cls.world = cls.enterClassContext(World(plan, SEED))
        cls.daemon, cls.estate = cls.world.daemon, cls.world.estate
        cls.daemon.start()
        cls.world.register(1)
        cls.estate.synchronise()
        cls.estate.release_late_events()
        cls.world.register(2)  # and these wait
        cls.daemon.wait_for_polls(2)
        cls.browser = start_browser()
        cls.addClassCleanup(cls.browser.quit)

    def open(self, width=1200, height=1600, **form):
        show_as(self.browser, width, height, **form)
        self.browser.get(self.daemon.url + "/")
        self.until(lambda: self.js("return document.body.dataset.refreshed"), "the page showed no figures")

    def js(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def until(self, condition, failure, seconds=25):
        self.assertTrue(children.wait_until(condition, seconds, interval=0.1), failure)

    def api(self, path):
        status, body = self.daemon.get(f"/api/v1/{path}")
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def figure(self, name):
        return self.js("return document.querySelector(`[data-figure='${arguments[0]}']`).textContent", name)

    def rows(self, table):
        return self.js("return [...document.querySelectorAll(`#${arguments[0]} tbody tr`)]"
                       ".map(row => [...row.cells].map(cell => cell.textContent))", table)

    def true_keys(self):
        """{usage: {state: keys}}, from what really happened."""
        keys = {}
        for (name, labels), value in self.world.truth.expected(now()).items():
            if name == "keysync_keys":
                labels = dict(labels)
                keys.setdefault(labels["usage"], {})[labels["state"]] = int(value)
        return keys

    def shown_keys(self):
        states = self.js("return [...document.querySelectorAll('#states thead th')].map(cell => cell.textContent)")[2:]
        return {row[1]: dict(zip(states, map(int, row[2:]))) for row in self.rows("states")}

    def agrees(self, what):
        self.until(lambda: self.shown_keys() == self.true_keys(),
                   f"{what}: the page does not come to show the truth")
        self.assertEqual(self.shown_keys(), self.true_keys(), what)
        truth = self.true_keys()
        for card in ("overdue", "pending"):
            self.assertEqual(self.figure(card), str(sum(keys[card] for keys in truth.values())), what)

    def test_figures_are_the_truth_and_follow_it_without_a_reload(self):
        self.open()
        self.agrees("before")
        self.js("window.kept = [...document.querySelectorAll('#states thead tr, section, canvas')];"
                "window.blank = 0; new MutationObserver(() => { if (!document.querySelector('#states tbody tr')) ++window.blank; })"
                ".observe(document.body, {childList: true, subtree: true})")
        waiting = {key["user"]["user_principal_name"] for state in ("overdue", "pending")
                   for key in self.api(f"keys?state={state}&limit=1000")["keys"]}
        self.assertGreater(len(waiting), 10)
        self.assertEqual({row[0] for row in self.rows("waiting")}, waiting)
        self.estate.synchronise()
        self.estate.release_late_events()
        self.agrees("after Connect ran")
        self.assertLess(len(self.rows("waiting")), len(waiting))
        self.assertTrue(self.js("return window.kept.every(element => element.isConnected) && window.blank === 0"),
                        "the refresh took away what stays, or showed an empty table")
        self.the_histogram_and_the_cycles_are_the_apis()

    def the_histogram_and_the_cycles_are_the_apis(self):
        status = self.api("status")
        counts = [sum(usage["delay"]["counts"][i] for domain in status["domains"] for usage in domain["usages"].values())
                  for i in range(16)]
        self.assertGreater(sum(counts), 20)
        self.assertEqual([int(row[1]) for row in self.rows("delay-table")], counts)
        [cycles] = self.api("cycles")["cycles"]
        self.assertGreaterEqual(len(cycles["bursts"]), 1)
        self.assertIn(f"{cycles['domain']}: configured 30 min", self.js("return document.getElementById('cycle-note').textContent"))
        sources = {(source["source"], source["server"] or "–") for source in status["sources"]}
        self.assertEqual({(row[0], row[2]) for row in self.rows("sources")}, sources)

    def test_names_that_an_attacker_chose_stay_text(self):
        tenant = self.world.entra.tenant
        for number, name in enumerate(HOSTILE):
            dn = self.world.dc.directory.add_user(f"hostile{number}")
            sid, _ = self.world.dc.directory.identity(dn)
            tenant.register_key(tenant.add_user(name + "@whfb.test", sid=sid, domain="whfb.test")["id"])
        self.addCleanup(self.forget_hostile)
        self.open()
        hostile = lambda: {row[0][:4] for row in self.rows("waiting")} & {"<img", "⟨U+2", "wwww"}
        children.wait_until(lambda: len(hostile()) == 3, 25)
        self.assertEqual(hostile(), {"<img", "⟨U+2", "wwww"}, self.daemon.log_tail(5)[:5000])
        for name in HOSTILE:
            box = self.browser.find_element(By.ID, "name")
            self.js("arguments[0].value = arguments[1]", box, name + "@whfb.test")
            box.send_keys(Keys.ENTER)
            self.until(lambda: "Next write expected" in self.js("return document.getElementById('found').textContent"),
                       f"{name[:40]!r} was not found")
        self.assertEqual(self.js("return document.querySelectorAll('main img, main script, main a').length"), 0)
        self.assertNotRegex(self.js("return document.body.innerText"), "[\u202a-\u202e\u2066-\u2069]")
        self.assertLess(self.js("return Math.max(...[...document.querySelectorAll('#waiting tbody tr')].map(row => row.offsetHeight))"), 140)
        self.nothing_else_was_asked()

    def forget_hostile(self):
        tenant = self.world.entra.tenant
        for name in HOSTILE:
            tenant.delete_user(tenant.user(name + "@whfb.test")["id"])

    def nothing_else_was_asked(self):
        asked = self.js("return performance.getEntriesByType('resource').map(entry => entry.name)")
        self.assertGreater(len(asked), 8)
        self.assertEqual([url for url in asked if not url.startswith(self.daemon.url)], [])
        self.assertEqual([entry["message"] for entry in self.browser.get_log("browser")], [])

    def test_a_phone_and_the_keyboard_are_enough(self):
        self.open(width=360, height=740, scale=2, dark=True)
        self.assertLessEqual(self.js("return document.documentElement.scrollWidth"), 360)
        name = self.api("keys?state=overdue&limit=1")["keys"][0]["user"]["user_principal_name"]
        self.js("document.body.focus()")
        for _ in range(6):
            self.browser.switch_to.active_element.send_keys(Keys.TAB)
            if self.js("return document.activeElement.id") == "name":
                break
        self.browser.switch_to.active_element.send_keys(name, Keys.ENTER)
        self.until(lambda: "overdue" in self.js("return document.getElementById('found').textContent"), "nothing was found")
        self.assertLessEqual(self.js("return document.documentElement.scrollWidth"), 360)


if __name__ == "__main__":
    children.exit_on_signals()
    unittest.main(warnings="ignore", verbosity=1)
