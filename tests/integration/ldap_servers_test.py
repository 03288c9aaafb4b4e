#!/usr/bin/python3
"""The directory reader and its servers, by stand-ins: restored ones, lagging ones, connections that are cut in between,
observed servers, a look at a sample."""

import pathlib
import sys
import tempfile
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import key_blob
from directory_standin import ACCOUNT, BASE, user
from reader_case import OnStandin, new_key


def user_guid(name):
    return str(uuid.uuid5(uuid.NAMESPACE_X500, f"CN={name},{BASE}"))


class IdentityTest(OnStandin):
    def test_a_database_that_was_set_back_is_swept_again(self):
        for tracking in ("usn", "dirsync"):
            with self.subTest(tracking=tracking):
                standin = self.standin(user("ada", [new_key()[1]]))
                probe = self.probe(standin, tracking=tracking)
                probe.poll()
                self.assertEqual(probe.poll().end["kind"], "quiet")
                standin.commit(999)  # as by a snapshot of the machine
                poll = probe.poll()
                self.assertEqual(poll.end["kind"], "full_sweep")
                self.assertIn("set back", poll.end["reason"])
                self.assertEqual(probe.poll().end["kind"], "quiet")

    def test_a_restored_database_is_noticed_with_the_new_connection_and_swept_again(self):
        for tracking in ("usn", "dirsync"):
            with self.subTest(tracking=tracking):
                key_id, blob = new_key()
                standin = self.standin(user("ada", [blob]))
                probe = self.probe(standin, tracking=tracking)
                probe.poll()
                standin.restore(5000)
                standin.end_sessions()
                poll = probe.poll()
                self.assertEqual(poll.end["kind"], "full_sweep", poll.error)
                self.assertIn("invocationId", poll.end["reason"])
                self.assertEqual(poll.key_ids("ada"), [key_id])


class FailoverTest(OnStandin):
    """Two domain controllers of one domain; the second has received from the first what the test says."""

    def pair(self, *others, **settings):
        key_id, blob = new_key()
        first = self.standin(user("ada", [blob], usn=700), highest_usn=1000)
        second = self.standin(user("ada", usn=40), *others, highest_usn=50)
        other = uuid.uuid4().hex
        second.has_received(**{first.invocation_id.hex: 600, other: 5})
        # One authority for both, as in one forest: the second's is trusted beside the first's.
        both = self.folder / "both.pem"
        both.write_text(first.ca_file.read_text() + second.ca_file.read_text())
        probe = self.probe(first, server=[first.uri, second.uri], ca=both, limit="4000", **settings)
        return key_id, blob, first, second, probe

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def until_read(self, probe, attempts=6):
        for _ in range(attempts):
            poll = probe.poll()
            if poll.end:
                return poll
        self.fail(poll.error)

    def test_a_domain_controller_that_lags_is_not_believed_until_it_has_caught_up(self):
        for tracking in ("usn", "dirsync"):
            with self.subTest(tracking=tracking):
                key_id, blob, first, second, probe = self.pair(tracking=tracking)
                self.assertEqual(probe.poll().key_ids("ada"), [key_id])
                first.fault(stalled_handshake=True, notice=True, silent=True)
                first.commit(1001)
                polls = [probe.poll() for _ in range(4)]
                self.assertEqual([poll.end for poll in polls], [None] * 4)
                self.assertEqual({poll.error["failure"] for poll in polls if poll.error["server"] == second.uri},
                                 {"server_busy"})
                self.assertTrue(any("not received yet" in poll.error["detail"] for poll in polls))
                second.set(f"CN=ada,{BASE}", "msDS-KeyCredentialLink", key_blob.dn_binary(blob, f"CN=ada,{BASE}"))
                second.set(f"CN=ada,{BASE}", "uSNChanged", "55")
                second.commit(60)
                second.command(changes=[{"dn": BASE, "attributes": {}}, {"dn": f"CN=ada,{BASE}", "attributes": {
                    "objectClass": ["user"], "objectGUID": user("ada")["attributes"]["objectGUID"],
                    "msDS-KeyCredentialLink;range=1-1": [key_blob.dn_binary(blob, f"CN=ada,{BASE}")]}}])
                # All that is about users: of 701 to 1000 nothing ever left the first, and nothing will.
                second.has_received(**{first.invocation_id.hex: 700})
                poll = self.until_read(probe)
                self.assertEqual(poll.end["server"], second.uri)
                if tracking == "usn":
                    self.assertEqual((poll.end["kind"], poll.end["reason"]),
                                     ("full_sweep", "another domain controller"))
                else:
                    self.assertEqual(poll.end["kind"], "window")  # the cookie goes along
                self.assertEqual(poll.key_ids("ada"), [key_id])
                self.assertFalse(poll.begin["may_lag"])
                self.assertNotIn("replUpToDateVector", str(poll.end["warnings"]))

    def test_coming_back_to_a_domain_controller_is_a_window(self):
        key_id, blob, first, second, probe = self.pair()
        second.set(f"CN=ada,{BASE}", "msDS-KeyCredentialLink", key_blob.dn_binary(blob, f"CN=ada,{BASE}"))
        second.has_received(**{first.invocation_id.hex: 5000})
        first.has_received(**{second.invocation_id.hex: 5000})
        probe.poll()
        first.fault(stalled_handshake=True, silent=True, notice=True)
        first.commit(1001)
        self.assertEqual(self.until_read(probe).end["server"], second.uri)
        first.fault()
        first.has_received(**{second.invocation_id.hex: 5000})
        second.fault(stalled_handshake=True, silent=True, notice=True)
        second.commit(70)
        poll = self.until_read(probe)
        self.assertEqual((poll.end["server"], poll.end["kind"]), (first.uri, "window"))


    def test_where_nobody_can_tell_whether_it_lags_no_removal_is_told_and_the_right_is_named(self):
        bob = user("bob", [new_key()[1]], usn=41)
        for shown in ((), ("no vector at all",)):  # hidden, and one that does not parse
            with self.subTest(shown=shown):
                key_id, blob, first, second, probe = self.pair(bob)
                second.set(BASE, "replUpToDateVector", *shown)
                self.assertEqual(probe.poll().end["warnings"], [])
                first.fault(stalled_handshake=True, silent=True, notice=True)
                first.commit(1001)
                poll = self.until_read(probe)
                self.assertEqual((poll.end["server"], poll.end["kind"]), (second.uri, "full_sweep"))
                self.assertTrue(poll.begin["may_lag"])
                self.assertTrue(poll.users["bob"]["incremental"], "which keys are there, not which are not")
                self.assertIn(f'dsacls "{BASE}" /G "{ACCOUNT}:RP;replUpToDateVector"', poll.end["warnings"][-1])


class CutTest(OnStandin):
    """Connections that the server has ended between two polls: idle for too long, a service that began anew."""

    def test_it_costs_a_reconnect_and_nothing_else(self):
        for how in ("cut", "notice"):
            with self.subTest(how=how):
                key_id, blob = new_key()
                first, second = self.standin(user("ada", [blob])), self.standin(user("ada", [blob]))
                probe = self.probe(first, server=[first.uri, second.uri])
                self.assertEqual(probe.poll().end["connections"], 1)
                first.end_sessions(how)
                again = probe.poll()
                self.assertIsNone(again.error)
                self.assertEqual((again.end["server"], again.end["kind"], again.end["connections"]),
                                 (first.uri, "quiet", 2))
                first.end_sessions(how)
                self.assertEqual(probe.look_up(guid=probe.sweep().users["ada"]["guid"])["sam"], "ada")
                first.end_sessions(how)
                self.assertEqual(probe.look_up(guid=user_guid("ada"))["sam"], "ada")
                self.assertEqual(second.doings(), [])

    def test_a_server_that_ends_each_connection_is_left(self):
        first, second = self.standin(user("ada", [new_key()[1]])), self.standin(user("ada", [new_key()[1]]))
        both = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "both.pem"
        both.write_text(first.ca_file.read_text() + second.ca_file.read_text())
        probe = self.probe(first, server=[first.uri, second.uri], ca=both)
        probe.poll()
        first.commit(1001)
        first.fault(notice=True)
        self.fails_with(probe.poll(), "connect", "lost")
        self.assertEqual(probe.poll().end["server"], second.uri)


class ArrivalTest(OnStandin):
    def test_a_key_is_seen_on_an_observed_server_once_it_has_arrived_there(self):
        key_id, blob = new_key()
        other_id, other_blob = new_key()
        ada = user("ada", changed=1_790_000_000)
        branch = self.standin(ada)
        probe = self.probe(branch, observe=branch.uri, limit="4000")
        guid = user_guid("ada")
        self.assertIsNone(probe.has_arrived(guid, key_id))
        branch.set(ada["dn"], "msDS-KeyCredentialLink", key_blob.dn_binary(other_blob, ada["dn"]))
        self.assertIsNone(probe.has_arrived(guid, key_id))
        branch.set(ada["dn"], "msDS-KeyCredentialLink", key_blob.dn_binary(other_blob, ada["dn"]),
                   key_blob.dn_binary(blob, ada["dn"]))
        branch.searches()
        self.assertEqual(probe.has_arrived(guid, key_id), 1_790_000_000)
        self.assertEqual(len(branch.searches()), 1)  # the connection is kept, one search a look
        branch.fault(silent=True)
        with self.assertRaisesRegex(AssertionError, "timeout"):
            probe.has_arrived(guid, key_id)
        branch.fault()
        self.assertEqual(probe.has_arrived(guid, other_id), 1_790_000_000)

    def test_an_observed_server_that_ends_the_connection_between_two_looks_is_asked_again(self):
        key_id, blob = new_key()
        branch = self.standin(user("ada", [blob]))
        probe = self.probe(branch, observe=branch.uri)
        for how in ("cut", "notice"):
            self.assertIsNotNone(probe.has_arrived(user_guid("ada"), key_id))
            branch.end_sessions(how)
        self.assertIsNotNone(probe.has_arrived(user_guid("ada"), key_id))

    def test_the_connection_is_let_go_while_nothing_is_awaited(self):
        key_id, blob = new_key()
        branch = self.standin(user("ada", [blob]))
        probe = self.probe(branch, observe=branch.uri)
        self.assertIsNotNone(probe.has_arrived(user_guid("ada"), key_id))
        probe.await_nothing()
        branch.doings()
        self.assertIsNotNone(probe.has_arrived(user_guid("ada"), key_id))
        self.assertEqual(branch.doings().count("connect"), 1)


class LookTest(OnStandin):
    """What check --online does: a sample of a large domain, with the proof that a sweep ends with."""

    def test_a_look_ends_well_after_enough_users_and_can_be_followed_by_another_request(self):
        for tracking in ("usn", "dirsync"):
            with self.subTest(tracking=tracking):
                crowd = [user(f"u{n}", [new_key()[1]], usn=100 + n) for n in range(9)]
                probe = self.probe(self.standin(*crowd), page_size="2", tracking=tracking)
                poll = probe.look(3)
                self.assertIsNone(poll.error)
                self.assertTrue(poll.end["cut_short"])
                self.assertEqual(len(poll.users), 4 if tracking == "usn" else 9, "a page, or a round, is whole")
                self.assertEqual(len(probe.poll().users), 9)
                self.assertFalse(probe.look(10).end["cut_short"])

    def test_a_look_does_not_pass_over_a_missing_right(self):
        crowd = [user(f"u{n}", [new_key()[1]], usn=100 + n) for n in range(9)]
        standin = self.standin(*crowd)
        for each in crowd:
            standin.set(each["dn"], "uSNChanged")
        probe = self.probe(standin, page_size="2")
        self.fails_with(probe.look(3), "rights", "uSNChanged", "dsacls")


if __name__ == "__main__":
    unittest.main()
