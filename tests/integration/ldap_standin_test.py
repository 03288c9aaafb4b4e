#!/usr/bin/python3
"""The directory reader against a stand-in: replication metadata, ranges, and every way a connection goes wrong."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import key_blob
from directory_standin import BASE, metadata_binary, metadata_xml, user
from reader_case import OnStandin, new_key

WRITTEN = 1_769_823_774


class WriteTimesTest(OnStandin):
    def read(self, *rows, blobs, **attributes):
        standin = self.standin(user("ada", blobs, metadata=rows, **attributes))
        return standin, self.probe(standin)

    def test_each_key_gets_the_write_of_its_own_row_in_either_layout(self):
        (first, first_blob), (second, second_blob) = new_key(), new_key("FIDO")
        for packed in (False, True):
            with self.subTest(packed=packed):
                _, probe = self.read(metadata_binary(second_blob, WRITTEN + 60, packed=packed),
                                     metadata_binary(first_blob, WRITTEN, packed=packed),
                                     metadata_binary(b"", 5, attribute="manager", packed=packed),
                                     blobs=[first_blob, second_blob])
                keys = {key["key_id"]: key for key in probe.poll().users["ada"]["keys"]}
                self.assertEqual((keys[first]["written_at"], keys[first]["version"]), (WRITTEN, 1))
                self.assertEqual(keys[second]["written_at"], WRITTEN + 60)

    def test_a_key_that_was_added_again_says_so(self):
        _, blob = new_key()
        _, probe = self.read(metadata_binary(blob, WRITTEN, version=3, created=WRITTEN - 9000), blobs=[blob])
        key = probe.poll().users["ada"]["keys"][0]
        self.assertEqual((key["written_at"], key["version"]), (WRITTEN, 3))

    def test_rows_that_are_nonsense_leave_their_key_bounded_and_the_others_exact(self):
        (first, first_blob), (second, second_blob) = new_key(), new_key()
        _, probe = self.read(metadata_binary(first_blob, WRITTEN), b"\xff" * 90, b"", blobs=[first_blob, second_blob])
        keys = {key["key_id"]: key for key in probe.poll().users["ada"]["keys"]}
        self.assertEqual(keys[first]["written_at"], WRITTEN)
        self.assertNotIn("written_at", keys[second])

    def test_the_xml_form_is_the_fallback(self):
        _, blob = new_key()
        standin, probe = self.read(blobs=[blob], **{"msDS-ReplValueMetaData": [metadata_xml(blob, WRITTEN)]})
        self.assertEqual(probe.poll().users["ada"]["keys"][0]["written_at"], WRITTEN)
        standin.fault(no_binary_metadata=True)
        self.assertEqual(probe.sweep().users["ada"]["keys"][0]["written_at"], WRITTEN)

    def test_without_metadata_the_keys_still_come(self):
        key_id, blob = new_key()
        _, probe = self.read(blobs=[blob])
        poll = probe.poll()
        self.assertEqual(poll.key_ids("ada"), [key_id])
        self.assertNotIn("written_at", poll.users["ada"]["keys"][0])

    def test_keys_and_their_metadata_come_whole_out_of_ranges(self):
        keys = [new_key() for _ in range(7)]
        blobs = [blob for _, blob in keys]
        rows = [metadata_binary(blob, WRITTEN + number) for number, blob in enumerate(blobs)]
        standin, probe = self.read(*rows, blobs=blobs)
        standin.command(state={"most_values": 3})
        found = {key["key_id"]: key["written_at"] for key in probe.poll().users["ada"]["keys"]}
        self.assertEqual(found, {key_id: WRITTEN + number for number, (key_id, _) in enumerate(keys)})

    def test_ranges_that_never_go_on_are_no_answer(self):
        standin = self.standin(user("ada", [new_key()[1] for _ in range(3)]))
        standin.command(state={"most_values": 1})
        standin.fault(stuck_ranges=True)
        self.fails_with(self.probe(standin).poll(deadline=20), "protocol", "asked for", "range=1-*", "range=0-0")

    def test_only_users_in_a_window_are_asked_about(self):
        blob = new_key()[1]
        standin = self.standin(user("old", [blob], usn=100), user("new", [blob], usn=900))
        probe = self.probe(standin)
        probe.poll()
        standin.commit(1001)
        standin.set(f"CN=new,{BASE}", "uSNChanged", "1001")
        standin.searches()
        self.assertEqual(sorted(probe.poll().users), ["new"])
        asked = [line for line in standin.searches() if "msDS-ReplValueMetaData" in line]
        self.assertEqual(len({line.split(" ?")[0] for line in asked}), 1, asked)


class ExternalTest(OnStandin):
    def test_a_client_certificate_is_who_we_are(self):
        key_id, blob = new_key()
        standin = self.standin(user("ada", [blob]))
        with_certificate = self.probe(standin, bind="external", certificate=standin.client_certificate,
                                      key=standin.client_key)
        self.assertEqual(with_certificate.poll().key_ids("ada"), [key_id])
        self.fails_with(self.probe(standin, bind="external").poll(), "bind", "certificate")
        self.fails_with(self.probe(standin, bind="external", server="ldap://127.0.0.1:" + standin.uri.split(":")[-1])
                        .poll(), "bind", "TLS session")


class FaultsTest(OnStandin):
    def setUp(self):
        self.key_id, self.blob = new_key()
        self.server = self.standin(*(user(f"u{n}", [self.blob] if n == 0 else (), usn=100 + n) for n in range(5)))
        self.reader = self.probe(self.server, limit="4000")

    def ends_in_time_and_mends(self, failure, *words, **faults):
        """Fails as said within the deadline, and reads everything once the fault is gone."""
        self.assertIsNone(self.reader.poll().error)
        self.server.fault(**faults)
        poll = self.reader.sweep()
        self.fails_with(poll, failure, *words)
        self.assertLess(poll.seconds, 15)
        self.server.fault()
        again = self.reader.sweep()
        self.assertIsNone(again.error)
        self.assertEqual(again.key_ids("u0"), [self.key_id])

    def test_a_search_that_is_never_answered(self):
        self.ends_in_time_and_mends("timeout", "in time", silent=True)

    def test_half_a_message_and_then_nothing(self):
        self.ends_in_time_and_mends("timeout", half_message=True)

    def test_bytes_that_are_not_ldap(self):
        self.assertIsNone(self.reader.poll().error)
        self.server.fault(garbage=True)
        poll = self.reader.sweep()
        self.assertIn(poll.error["failure"], ("protocol", "connect", "timeout"))
        self.assertLess(poll.seconds, 15)

    def test_a_notice_of_disconnection(self):
        self.ends_in_time_and_mends("connect", notice=True)

    def test_a_connection_cut_between_two_entries(self):
        standin = self.standin(*(user(f"u{n}", [new_key()[1]], usn=100 + n) for n in range(5)))
        probe = self.probe(standin)
        standin.fault(reset=True)
        self.fails_with(probe.poll(), "connect", "lost")
        standin.fault()
        self.assertEqual(len(probe.poll().users), 5)

    def test_a_busy_server(self):
        self.ends_in_time_and_mends("server_busy", "busy", result_code=51)

    def test_a_referral_is_not_followed(self):
        self.ends_in_time_and_mends("search", "Referral", result_code=10, referral="ldap://127.0.0.1:1/DC=elsewhere")

    def test_a_size_limit_that_cuts_the_answer_short_is_an_error(self):
        standin = self.standin(*(user(f"u{n}", [new_key()[1]], usn=100 + n) for n in range(5)))
        standin.fault(size_limit=2)
        self.fails_with(self.probe(standin).poll(), "search", "Size limit")

    def test_deleted_users_that_an_answer_cut_short_did_not_tell_are_not_passed_over(self):
        # 3: the server's time limit, 11: its limit of what a search may cost; 50: not for this account, for good.
        for code, failure in ((3, "search"), (11, "search"), (50, None)):
            with self.subTest(code=code):
                standin = self.standin(user("ada", [self.blob], usn=100))
                probe = self.probe(standin)
                probe.poll()
                standin.fault(tombstone_code=code)
                standin.commit(1001)
                standin.set(f"CN=ada,{BASE}", "uSNChanged", "1001")
                poll = probe.poll()
                if failure:
                    self.fails_with(poll, failure, "as the test wants it")
                    standin.fault()
                    poll = probe.poll()
                self.assertEqual((poll.end["kind"], sorted(poll.users)), ("window", ["ada"]))

    def test_search_continuations_between_the_entries_are_passed_over(self):
        self.server.fault(references=True)
        self.assertEqual(self.reader.poll().key_ids("u0"), [self.key_id])

    def test_a_handshake_that_never_begins(self):
        self.server.fault(stalled_handshake=True)
        poll = self.reader.poll()
        self.fails_with(poll, "timeout", "TLS handshake")
        self.assertLess(poll.seconds, 15)
        self.server.fault()
        self.assertIsNone(self.reader.poll().error)

    def test_a_page_that_never_comes(self):
        standin = self.standin(*(user(f"u{n}", [new_key()[1]], usn=100 + n) for n in range(5)))
        probe = self.probe(standin, limit="4000", page_size="2")
        self.assertEqual(len(probe.poll().users), 5)
        standin.fault(no_second_page=True)
        poll = probe.sweep()
        self.fails_with(poll, "timeout")
        self.assertIsNone(poll.end, "a part of a sweep must not end as a whole one")
        standin.fault()
        self.assertEqual(len(probe.sweep().users), 5)


class DirSyncTest(OnStandin):
    def test_several_rounds_are_read_to_the_end(self):
        standin = self.standin(*(user(f"u{n}", [new_key()[1]], usn=100 + n) for n in range(7)))
        standin.command(state={"dirsync_rounds": 3})
        poll = self.probe(standin, tracking="dirsync").poll()
        self.assertEqual((len(poll.users), poll.end["entries"]), (7, 7))

    def test_changes_by_incremental_values_and_exact_writes(self):
        (old, old_blob), (new, blob) = new_key(), new_key()
        ada = user("ada", [old_blob], metadata=[metadata_binary(old_blob, WRITTEN), metadata_binary(blob, WRITTEN + 5)])
        standin = self.standin(ada)
        probe = self.probe(standin, tracking="dirsync")
        self.assertEqual(probe.poll().users["ada"]["keys"][0]["written_at"], WRITTEN)
        standin.commit(1001)
        change = {"dn": BASE, "attributes": {}}, {"dn": ada["dn"], "attributes": {
            "objectClass": ["user"], "objectGUID": ada["attributes"]["objectGUID"],
            "msDS-KeyCredentialLink;range=1-1": [key_blob.dn_binary(blob, ada["dn"])],
            "msDS-KeyCredentialLink;range=0-0": [key_blob.dn_binary(old_blob, ada["dn"])]}}
        standin.command(changes=list(change))
        window = probe.poll()
        self.assertEqual(window.end["kind"], "window", window.error)
        found = window.users["ada"]
        self.assertEqual([(key["key_id"], key["written_at"]) for key in found["keys"]], [(new, WRITTEN + 5)])
        self.assertEqual(found["removed_keys"], [old])

    def test_a_cookie_that_the_server_no_longer_takes(self):
        standin = self.standin(user("ada", [new_key()[1]]))
        probe = self.probe(standin, tracking="dirsync")
        probe.poll()
        standin.command(state={"valid_cookie": "cookie-1"})
        standin.commit(1001)
        poll = probe.poll()
        self.assertEqual((poll.end["kind"], len(poll.users)), ("full_sweep", 1))
        self.assertIn("refused the DirSync cookie", poll.end["reason"])

    def test_without_the_replication_right_object_security_is_used(self):
        standin = self.standin(user("ada", [new_key()[1]]))
        standin.command(state={"replication_right": False})
        self.assertIn("plain account", self.probe(standin, tracking="dirsync").poll().end["tracking_reason"])

    def test_where_it_is_refused_altogether_auto_goes_without_and_dirsync_says_so(self):
        standin = self.standin(user("ada", [new_key()[1]]))
        standin.command(state={"dirsync_refused": True})
        self.fails_with(self.probe(standin, tracking="dirsync").poll(), "configuration", "refuses DirSync to this account")
        auto = self.probe(standin, tracking="auto").poll()
        self.assertEqual((auto.end["dirsync"], len(auto.users)), (False, 1))
        self.assertIn("replication right", auto.end["tracking_reason"])

    def test_where_it_is_not_offered_auto_goes_without_and_dirsync_says_so(self):
        standin = self.standin(user("ada", [new_key()[1]]))
        standin.set("", "supportedControl", "1.2.840.113556.1.4.319")
        self.fails_with(self.probe(standin, tracking="dirsync").poll(), "configuration", "does not offer DirSync")
        auto = self.probe(standin, tracking="auto").poll()
        self.assertEqual((auto.end["dirsync"], len(auto.users)), (False, 1))
        self.assertIn("does not offer", auto.end["tracking_reason"])


if __name__ == "__main__":
    unittest.main()
