#!/usr/bin/python3
"""Change tracking by DirSync against a real domain controller: as a plain account and with the replication right."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from reader_case import OnDomainController, new_key


class DirSyncTest(OnDomainController):
    def changes_since(self, probe, prefix):
        """Makes every kind of change between two polls; returns (the second poll, what is expected of it)."""
        directory = self.directory
        people = {name: directory.add_user(f"{prefix}-{name}") for name in ("ada", "bob", "cyd", "dan")}
        keys = {name: new_key() for name in people}
        for name in ("ada", "bob", "dan"):
            directory.add_key(people[name], keys[name][1])
        first = probe.poll()
        self.assertEqual((first.end["kind"], first.end["reason"], first.end["dirsync"]),
                         ("full_sweep", "first pass", True), first.error)
        for name in ("ada", "bob", "dan"):
            self.assertEqual(first.key_ids(f"{prefix}-{name}"), [keys[name][0]])
            self.assertFalse(first.users[f"{prefix}-{name}"]["incremental"])
        self.assertEqual(probe.poll().end["kind"], "quiet")

        second = new_key("FIDO")
        directory.add_key(people["ada"], second[1])
        directory.remove_key(people["bob"], keys["bob"][1])
        passing = new_key()  # added and removed between two polls
        directory.add_key(people["cyd"], passing[1])
        directory.remove_key(people["cyd"], passing[1])
        directory.set_attributes(people["cyd"], description="not about keys")
        directory.delete_user(people["dan"])
        window = probe.poll()
        self.assertEqual((window.end["kind"], window.end["dirsync"]), ("window", True), window.error)
        ada, bob, cyd = (window.users[f"{prefix}-{name}"] for name in ("ada", "bob", "cyd"))
        self.assertTrue(ada["incremental"])
        self.assertEqual((window.key_ids(f"{prefix}-ada"), ada["removed_keys"]), ([second[0]], []))
        self.assertEqual((bob["keys"], bob["removed_keys"]), ([], [keys["bob"][0]]))
        self.assertEqual((cyd["keys"], cyd["removed_keys"]), ([], [passing[0]]))
        # Who it is and when it changed comes along, though only the keys were told.
        self.assertEqual(ada["sid"], directory.identity(people["ada"])[0])
        self.assertEqual(ada["when_changed"], directory.when_changed(people["ada"]))
        self.assertEqual(probe.poll().end["kind"], "quiet")
        return first, window

    def test_a_plain_account_reads_by_object_security(self):
        probe = self.probe(tracking="dirsync")
        _, window = self.changes_since(probe, "plain")
        self.assertIn("plain account", window.end["tracking_reason"])

    def test_the_replication_right_shows_deleted_users_too(self):
        probe = self.administrator_probe(tracking="dirsync")
        first, window = self.changes_since(probe, "right")
        self.assertIn("replication right", window.end["tracking_reason"])
        gone = [user["guid"] for user in window.users.values() if user["deleted"]]
        self.assertEqual(gone, [first.users["right-dan"]["guid"]])

    def test_auto_says_what_it_chose_and_why(self):
        plain = self.probe(tracking="auto").poll()
        self.assertFalse(plain.end["dirsync"])
        self.assertIn("replication right", plain.end["tracking_reason"])
        administrator = self.administrator_probe(tracking="auto").poll()
        self.assertTrue(administrator.end["dirsync"])
        part = self.administrator_probe(tracking="auto", base=f"OU=People,{self.dc.base_dn}").poll()
        self.assertFalse(part.end["dirsync"])
        self.assertIn("base_dn", part.end["tracking_reason"])

    def test_a_part_of_a_domain_cannot_be_read_by_dirsync(self):
        self.fails_with(self.probe(tracking="dirsync", base=f"OU=People,{self.dc.base_dn}").poll(), "configuration",
                        "base_dn")

    def test_a_refused_cookie_means_a_full_sync(self):
        dn = self.directory.add_user("coo")
        key_id, blob = new_key()
        self.directory.add_key(dn, blob)
        probe = self.probe(tracking="dirsync")
        probe.poll()
        probe.spoil_cookies()
        again = probe.poll()
        self.assertEqual(again.end["kind"], "full_sweep", again.error)
        self.assertIn("refused the DirSync cookie", again.end["reason"])
        self.assertEqual(again.key_ids("coo"), [key_id])
        self.assertEqual(again.users["coo"]["when_changed"], self.directory.when_changed(dn))
        self.assertEqual(probe.poll().end["kind"], "quiet")

    def test_the_cookie_survives_a_crash_of_the_domain_controller(self):
        probe = self.probe(tracking="dirsync", server=[self.dc.uri, "ldaps://127.0.0.1:1"])
        probe.poll()
        key_id, blob = new_key()
        self.directory.add_key(self.directory.add_user("eve"), blob)
        self.dc.kill()
        self.dc.start()
        poll = probe.poll()  # finds the connection cut
        self.assertIsNone(poll.error)
        self.assertEqual((poll.end["kind"], poll.end["server"]), ("window", self.dc.uri))
        self.assertEqual(poll.key_ids("eve"), [key_id])

    def test_hidden_attributes_are_never_an_empty_forest(self):
        self.dc.hide_attributes()
        self.addCleanup(self.dc.show_attributes)
        self.fails_with(self.probe(tracking="dirsync").poll(), "rights", "dsacls")


if __name__ == "__main__":
    unittest.main()
