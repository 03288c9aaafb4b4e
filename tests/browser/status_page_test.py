#!/usr/bin/python3
"""The status page in headless Chromium: its figures are the API's, hostile names stay text, phone, keyboard, dark."""

import json
import pathlib
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import start_browser
from web_stand_in import WebStandIn

PROGRAM = sys.argv.pop(1)


class Page(unittest.TestCase):
    arguments = ()

    @classmethod
    def setUpClass(cls):
        cls.web = WebStandIn(PROGRAM, *cls.arguments).__enter__()
        cls.addClassCleanup(cls.web.__exit__)
        cls.browser = start_browser()
        cls.addClassCleanup(cls.browser.quit)

    def setUp(self):
        self.open()

    def open(self):
        self.browser.get(self.web.origin + "/")
        self.until(lambda: self.js("return document.body.dataset.refreshed"), "the page showed no figures")

    def js(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def until(self, condition, failure, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if result := condition():
                return result
            time.sleep(0.05)
        self.fail(failure)

    def api(self, path):
        with urllib.request.urlopen(f"{self.web.origin}/api/v1/{path}", timeout=10) as answer:
            return json.load(answer)

    def text(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector).text

    def rows(self, table):
        return self.js("return [...document.querySelectorAll(`#${arguments[0]} tbody tr`)]"
                       ".map(row => [...row.cells].map(cell => cell.textContent))", table)

    def search(self, name):
        box = self.browser.find_element(By.ID, "name")
        box.clear()
        self.js("arguments[0].value = arguments[1]", box, name)
        box.send_keys(Keys.ENTER)


class Figures(Page):
    def test_cards_and_tables_are_the_apis(self):
        status = self.api("status")
        usages = [usage for domain in status["domains"] for usage in domain["usages"].values()]
        total = lambda state: sum(usage["keys"][state] for usage in usages)
        self.assertEqual(self.text('[data-figure="overdue"]'), str(total("overdue")))
        self.assertEqual(self.text('[data-figure="pending"]'), str(total("pending")))
        self.assertEqual(self.text("#health"), "all sources are read")
        self.assertEqual([int(row[1]) for row in self.rows("delay-table")],
                         [sum(usage["delay"]["counts"][i] for usage in usages) for i in range(16)])
        states = {(row[0], row[1]): [int(n) for n in row[2:]] for row in self.rows("states")}
        for domain in status["domains"]:
            for usage, figures in domain["usages"].items():
                self.assertEqual(states[domain["domain"], usage], list(figures["keys"].values()))
        self.assertEqual(len(self.rows("sources")), len(status["sources"]))

    def test_the_waiting_keys_are_the_apis_oldest_first(self):
        keys = self.api("keys?state=overdue")["keys"] + self.api("keys?state=pending")["keys"]
        rows = self.rows("waiting")
        self.assertEqual(len(rows), len(keys))
        keys.sort(key=lambda key: key["registered_at"])
        self.assertEqual([row[5].split(":")[0] for row in rows], [key["state"] for key in keys])
        self.assertEqual([row[1] for row in rows], [key["user"]["domain"] for key in keys])

    def choose(self, domain):
        self.js("const s = document.getElementById('domain'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))", domain)

    def test_one_domain_alone(self):
        self.choose("lab.example.com")
        self.until(lambda: {row[1] for row in self.rows("waiting")} == {"lab.example.com"}, "other domains stayed")
        self.assertEqual(len(self.rows("states")), 3)
        self.assertIn("lab.example.com", self.text("#cycle-note"))
        self.assertNotIn("corp.example.com", self.text("#cycle-note"))

    def test_both_plots_are_drawn(self):
        for chart in ("delay-chart", "cycle-chart"):
            painted = self.js(
                "const c = document.querySelector(`#${arguments[0]} canvas`); if (!c) return 0;"
                "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;"
                "for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 200 && d[i + 2] > d[i] + 60) ++n; return n", chart)
            self.assertGreater(painted, 1000, f"{chart}: hardly a pixel in the colour of the bars")

    def test_the_cycles_have_a_line_and_a_legend_of_their_own(self):
        coloured = """
            const wanted = getComputedStyle(document.documentElement).getPropertyValue('--cycle').trim().match(/[0-9a-f]{2}/g).map(h => parseInt(h, 16));
            const c = document.querySelector('#cycle-chart canvas');
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
            for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 100 && wanted.every((w, k) => Math.abs(w - d[i + k]) < 40)) ++n;
            return n"""
        self.assertEqual(self.js(coloured), 0, "of several domains no line could be told from the other's")
        self.choose("corp.example.com")
        self.until(lambda: self.js(coloured) > 1000, "no line in the colour of the cycles")
        self.assertEqual(self.js("return [...document.querySelectorAll('#cycle-legend li')].map(item => item.textContent)"),
                         ["keys written", "cycles, as observed", "now", "next write expected"])
        grid = self.js("return getComputedStyle(document.documentElement).getPropertyValue('--line')")
        self.assertNotEqual(self.js("return getComputedStyle(document.documentElement).getPropertyValue('--cycle')"), grid)

    def test_the_writes_are_a_table_as_well(self):
        bursts = [burst for view in self.api("cycles")["cycles"] for burst in view["bursts"]]
        rows = self.rows("cycle-table")
        self.assertGreaterEqual(len(rows), len(bursts) - 1)  # the oldest may just be leaving
        self.assertEqual([int(row[3]) for row in rows], [burst["keys"] for burst in reversed(bursts)][:len(rows)])
        self.assertEqual({row[0] for row in rows}, {"corp.example.com"})

    def test_an_older_answer_does_not_overwrite_the_last_search(self):
        self.js("""const real = window.fetch;
                   window.fetch = async (path, options) => {
                       const answer = await real(path, options);
                       if (String(path).includes('nobody')) { await new Promise(done => window.release = done); window.late = true; }
                       return answer;
                   };""")
        self.search("nobody@corp.example.com")
        self.until(lambda: self.js("return !!window.release"), "the first search was not asked")
        self.search("user5@lab.example.com")
        self.until(lambda: "Next write expected" in self.text("#found"), "the second search found nothing")
        self.js("window.release()")
        self.until(lambda: self.js("return window.late"), "the late answer did not come")
        self.js("return new Promise(done => setTimeout(done, 50))")
        self.assertIn("Next write expected", self.text("#found"), "the older answer came out on top")

    def test_a_user_is_found_with_cause_mend_and_next_write(self):
        self.search("user5@lab.example.com")
        self.until(lambda: "Next write expected" in self.text("#found"), "nothing was found")
        self.assertIn("not yet", self.text("#found"))
        self.search("user6@lab.example.com")
        self.until(lambda: "AdminSDHolder" in self.text("#found"), "nothing was found")
        self.assertIn("adminCount=1", self.text("#found"))
        self.assertIn("No write is to be expected before this is mended", self.text("#found"))
        self.assertNotIn("Next write", self.text("#found"))
        self.search("nobody@corp.example.com")
        self.until(lambda: "no user of that name" in self.text("#found"), "an unknown user was not told")


class Hostile(Page):
    NAMES = ["<img src=x onerror=document.title='owned'>@corp.example.com", "‮moc.elpmaxe@live‬ evil",
             "W" * 10_000 + "@corp.example.com"]

    def check_unharmed(self):
        self.assertEqual(self.js("return document.querySelectorAll('main img, main script, main a').length"), 0)
        self.assertIn("keysyncd", self.browser.title)
        self.assertNotRegex(self.js("return document.body.innerText"), "[‪-‮⁦-⁩]")

    def test_names_in_the_table_are_text(self):
        self.check_unharmed()
        users = [row[0] for row in self.rows("waiting")]
        self.assertIn(self.NAMES[0], users)
        self.assertIn("⟨U+202E⟩moc.elpmaxe@live⟨U+202C⟩ evil", users)
        heights = self.js("return [...document.querySelectorAll('#waiting tbody tr')].map(row => row.offsetHeight)")
        self.assertLess(max(heights), 140, "a name of 10 kB makes its row too tall")

    def test_names_that_are_searched_are_text(self):
        for name in self.NAMES:
            with self.subTest(name=name[:50]):
                self.search(name)
                self.until(lambda: " to be expected" in self.text("#found") or "Next write expected" in self.text("#found"), "it was not found")
                self.check_unharmed()
                self.open()

    def test_what_is_typed_never_becomes_markup_or_another_path(self):
        for name in ("<b>x</b>", "../../config", "?x=y#z", "%2e%2e%2f", "a/b\\c"):
            self.search(name)
            self.until(lambda: "no user of that name" in self.text("#found"), name)
            self.check_unharmed()
            self.open()


class Conduct(Page):
    def test_nothing_is_asked_of_others_and_the_policy_is_kept(self):
        asked = self.js("return performance.getEntriesByType('resource').map(entry => entry.name)")
        self.assertGreater(len(asked), 8)
        for url in asked:
            self.assertTrue(url.startswith(self.web.origin), url)
        self.assertEqual([entry["message"] for entry in self.browser.get_log("browser")], [])
        self.js("const s = document.createElement('script'); s.textContent = 'document.title = \"inline\"'; document.body.append(s)")
        self.assertNotEqual(self.browser.title, "inline", "the policy lets an inline script run")

    def test_a_refresh_keeps_what_is_as_it_was(self):
        self.js("window.kept = document.querySelector('#states tbody tr'); window.canvas = document.querySelector('canvas');"
                "document.getElementById('name').value = 'half a na'; document.getElementById('name').focus()")
        before = self.js("return document.body.dataset.refreshed")
        self.until(lambda: self.js("return document.body.dataset.refreshed") != before, "no refresh came")
        self.assertTrue(self.js("return window.kept.isConnected && window.canvas.isConnected"))
        self.assertEqual(self.js("return [document.activeElement.id, document.activeElement.value]"), ["name", "half a na"])

    def test_everything_is_reached_by_keyboard_in_order(self):
        self.js("document.body.focus()")
        reached = []
        for _ in range(14):
            self.browser.switch_to.active_element.send_keys(Keys.TAB)
            reached.append(self.js("const a = document.activeElement; return a.id || a.textContent.trim() || a.className"))
        for name in ("Skip to the figures", "domain", "name", "Find", "usage", "The figures as a table",
                     "The writes as a table", "Metrics"):
            self.assertIn(name, reached)
        self.assertLess(reached.index("domain"), reached.index("name"))
        outline = self.js("document.getElementById('name').focus();"
                          "return getComputedStyle(document.getElementById('name')).outlineStyle")
        self.assertEqual(outline, "solid", "the focus is not to be seen")

    def test_a_phone_needs_no_sideways_scrolling(self):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                     {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True})
        try:
            self.open()
            self.assertLessEqual(self.js("return document.documentElement.scrollWidth"), 360)
            small = self.js("return [...document.querySelectorAll('button, select, input')]"
                            ".filter(e => e.offsetHeight < 36).map(e => e.id)")
            self.assertEqual(small, [], "too small for a thumb")
        finally:
            self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def test_dark_where_the_system_is_dark_with_enough_contrast(self):
        def contrast():
            return self.js("""
                const light = colour => { const c = colour.match(/\\d+/g).slice(0, 3).map(v => { v /= 255;
                    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
                    return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; };
                const back = light(getComputedStyle(document.querySelector('#waiting').closest('section')).backgroundColor);
                const against = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
                const texts = ['#waiting td', '#waiting td.bad', '#waiting th', '.good'].map(
                    s => against(back, light(getComputedStyle(document.querySelector(s)).color)));
                const edges = ['#name', '#usage', '#domain'].flatMap(s => {
                    const style = getComputedStyle(document.querySelector(s)), edge = light(style.borderTopColor);
                    const around = s === '#domain' ? light(getComputedStyle(document.documentElement).backgroundColor) : back;
                    return [against(edge, around), against(edge, light(style.backgroundColor))]; });
                return [Math.min(...texts), Math.min(...edges)];""")

        def enough():
            text, edge = contrast()
            self.assertGreater(text, 4.5)
            self.assertGreater(edge, 3, "where a field begins and ends")

        background = "return getComputedStyle(document.documentElement).backgroundColor"
        light = self.js(background)
        enough()
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                     {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        try:
            self.assertNotEqual(self.js(background), light)
            enough()
        finally:
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


class Closed(Page):
    arguments = ("--disable-users",)

    def test_no_user_and_no_search_box(self):
        self.assertFalse(self.browser.find_element(By.ID, "find").is_displayed())
        self.assertIn("closed", self.text("#waiting"))
        self.assertEqual(self.text('[data-figure="overdue"]'), "4")


class Gone(Page):
    def test_old_figures_are_said_to_be_old(self):
        self.assertFalse(self.browser.find_element(By.ID, "trouble").is_displayed())
        self.web.process.terminate()
        self.until(lambda: self.browser.find_element(By.ID, "trouble").is_displayed(), "nobody was told", 30)
        self.assertEqual(self.text('[data-figure="overdue"]'), "4")


if __name__ == "__main__":
    unittest.main(warnings="ignore")
