#!/usr/bin/python3
"""The directory reader against a real domain controller: passes, changes, failures, rights."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from reader_case import OnDomainController, new_key
from tcp_forward import TcpForward

_READ_RIGHTS = {"uSNChanged": "bf967a6f-0de6-11d0-a285-00aa003049e2",
                "whenChanged": "bf967a77-0de6-11d0-a285-00aa003049e2",
                "msDS-KeyCredentialLink": "5b47d60f-6090-40b2-9f37-2a4de88f3063"}
_USER_CLASS = "bf967aba-0de6-11d0-a285-00aa003049e2"


class PassesTest(OnDomainController):
    def test_an_empty_forest_that_may_be_read_is_believed(self):
        poll = self.probe(base=self.directory.add_organizational_unit("empty")).poll()
        self.assertIsNone(poll.error)
        self.assertEqual((poll.end["kind"], poll.end["reason"], poll.users), ("full_sweep", "first pass", {}))
        self.assertEqual(poll.end["warnings"], [])

    def test_changes_are_found_in_windows_between_a_sweep_and_a_quiet_poll(self):
        directory = self.directory
        parent = directory.add_organizational_unit("changes")
        people = {name: directory.add_user(name, parent) for name in ("ada", "bob", "cyd", "dan", "eve")}
        keys = {name: new_key() for name in people}
        for name in ("ada", "bob", "cyd", "dan"):
            directory.add_key(people[name], keys[name][1])
        probe = self.probe(base=parent)
        first = probe.poll()
        self.assertEqual(first.end["kind"], "full_sweep")
        self.assertEqual(sorted(first.users), ["ada", "bob", "cyd", "dan"])
        self.assertEqual(first.key_ids("ada"), [keys["ada"][0]])
        self.assertEqual(first.users["ada"]["when_changed"], directory.when_changed(people["ada"]))
        self.assertEqual(first.users["ada"]["sid"], directory.identity(people["ada"])[0])
        self.assertTrue(first.users["ada"]["sid"].startswith(first.end["domain_sid"] + "-"))
        self.assertLess(abs(first.end["clock_offset"]), 1.5)
        self.assertEqual(probe.poll().end["kind"], "quiet")

        second_key = new_key("FIDO")
        directory.add_key(people["ada"], second_key[1])  # a second key
        directory.remove_key(people["bob"], keys["bob"][1])  # the last key goes
        directory.rename_user(people["cyd"], "cyd renamed", directory.add_organizational_unit("inner", parent))
        directory.delete_user(people["dan"])
        directory.add_key(people["eve"], keys["eve"][1])  # the first key
        window = probe.poll()
        self.assertEqual((window.end["kind"], window.end["entries"]), ("window", 4))
        self.assertEqual(window.key_ids("ada"), sorted([keys["ada"][0], second_key[0]]))
        self.assertEqual(window.key_ids("bob"), [])
        self.assertEqual(window.key_ids("eve"), [keys["eve"][0]])
        moved = next(user for user in window.users.values() if user["dn"].startswith("CN=cyd renamed,OU=inner,"))
        self.assertEqual(moved["guid"], first.users["cyd"]["guid"])
        self.assertEqual(probe.poll().end["kind"], "quiet")
        self.assertEqual(sorted(probe.sweep().users.keys() - {"bob"}),
                         sorted(set(first.users) - {"cyd", "dan", "bob"} | {"eve", moved["sam"]}))

    def test_a_deleted_user_shows_as_such_to_an_account_that_may_see_deleted_objects(self):
        dn = self.directory.add_user("tom")
        self.directory.add_key(dn, new_key()[1])
        probe = self.administrator_probe()
        guid = probe.poll().users["tom"]["guid"]
        self.directory.delete_user(dn)
        window = probe.poll()
        self.assertEqual([(user["guid"], user["deleted"]) for user in window.users.values()], [(guid, True)])

    def test_accounts_are_looked_up_by_sid_guid_and_consistency_guid(self):
        dn = self.directory.add_user("lou")
        self.directory.protect_user(dn)
        sid = self.directory.identity(dn)[0]
        probe = self.probe()
        found = probe.look_up(sid=sid)
        self.assertEqual((found["sam"], found["protected"], found["disabled"], found["keys"]), ("lou", True, False, []))
        self.assertEqual(probe.look_up(guid=found["guid"])["sid"], sid)
        self.directory.set_attributes(self.directory.add_user("max"), **{"mS-DS-ConsistencyGuid": bytes(range(16))})
        self.assertEqual(probe.look_up(guid="03020100-0504-0706-0809-0a0b0c0d0e0f")["sam"], "max")
        self.assertIsNone(probe.look_up(sid="S-1-5-21-1-2-3-4444"))

    def test_values_that_do_not_decode_are_told_and_hide_nothing(self):
        dn = self.directory.add_user("mal")
        good, blob = new_key()
        self.directory.change_keys(dn, added=[blob, b"\x00\x02\x00\x00\x01", b"nonsense"])
        user = self.probe(filter="(sAMAccountName=mal)").poll().users["mal"]
        self.assertEqual([key["key_id"] for key in user["keys"]], [good])
        self.assertEqual(len(user["malformed"]), 2, user["malformed"])

    def test_more_users_than_a_page_come_in_whole(self):
        parent = self.directory.add_organizational_unit("crowd")
        for number in range(30):
            self.directory.add_key(self.directory.add_user(f"crowd{number}", parent), new_key()[1])
        poll = self.probe(base=parent, page_size="7").poll()
        self.assertEqual(len(poll.users), 30)


class ConnectionsTest(OnDomainController):
    def test_start_tls(self):
        self.assertIsNone(self.probe(server=self.dc.plain_uri, start_tls="true").poll().error)

    def test_a_password_never_travels_in_clear(self):
        self.fails_with(self.probe(server=self.dc.plain_uri).poll(), "bind", "in clear", "start_tls")

    def test_a_wrong_password_is_told(self):
        with tempfile.NamedTemporaryFile("w") as wrong:
            wrong.write("not the password")
            wrong.flush()
            self.fails_with(self.probe(password_file=wrong.name).poll(), "bind", "password is wrong", "52e")

    def test_an_unknown_authority_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            other = pathlib.Path(folder) / "other.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/key",
                            "-out", other, "-subj", "/CN=Another authority", "-days", "2"], check=True,
                           stderr=subprocess.DEVNULL)
            self.fails_with(self.probe(ca=other).poll(), "tls", "authority", "tls.ca_file", str(other))
            self.fails_with(self.probe(ca=other, server=self.dc.plain_uri, start_tls="true").poll(), "tls", "authority")

    def test_a_certificate_for_another_name_is_told(self):
        with TcpForward((self.dc.address, 636)) as elsewhere:
            poll = self.probe(server=f"ldaps://localhost:{elsewhere.port}").poll()
        self.fails_with(poll, "tls", "not for localhost", self.dc.fqdn)

    def test_a_server_without_tls_on_the_port_is_told(self):
        self.fails_with(self.probe(server=f"ldaps://{self.dc.address}:389").poll(), "tls")

    def test_names_and_ports_that_lead_nowhere(self):
        self.fails_with(self.probe(server="ldaps://nowhere.invalid").poll(), "resolve", "nowhere.invalid")
        self.fails_with(self.probe(server=f"ldaps://{self.dc.address}:1").poll(), "connect", "refused")
        self.fails_with(self.probe(server="https://x").poll(), "configuration", "ldaps://")

    def test_the_next_server_takes_over_and_is_kept(self):
        probe = self.probe(server=[f"ldaps://{self.dc.address}:1", self.dc.uri])
        self.fails_with(probe.poll(), "connect")
        for kind in ("full_sweep", "quiet"):
            poll = probe.poll()
            self.assertEqual((poll.end["kind"], poll.end["server"]), (kind, self.dc.uri))

    def test_a_base_that_is_not_there_is_told(self):
        base = f"OU=nowhere,{self.dc.base_dn}"
        self.fails_with(self.probe(base=base).poll(), "configuration", base)


class OutagesTest(OnDomainController):
    def test_a_killed_domain_controller_costs_a_reconnect_and_no_sweep(self):
        probe = self.probe()
        self.assertEqual(probe.poll().end["kind"], "full_sweep")
        self.dc.kill()
        self.assertIn(probe.poll().error["failure"], ("connect", "timeout"))
        self.fails_with(probe.poll(), "connect")
        self.dc.start()
        key_id, blob = new_key()
        self.directory.add_key(self.directory.add_user("late"), blob)
        window = probe.poll()
        self.assertEqual(window.end["kind"], "window", window.error)
        self.assertEqual(window.key_ids("late"), [key_id])

    def test_a_hung_domain_controller_is_given_up_in_time(self):
        probe = self.probe()
        self.assertIsNone(probe.poll().error)
        self.dc.pause()
        self.addCleanup(self.dc.resume)
        established = probe.poll()
        self.fails_with(established, "timeout")
        self.assertLess(established.seconds, 12)
        handshake = probe.poll()
        self.fails_with(handshake, "timeout")
        self.assertLess(handshake.seconds, 12)
        self.dc.resume()
        self.assertIsNone(probe.poll().error)


class RightsTest(OnDomainController):
    def setUp(self):
        self.dc.hide_attributes()
        self.addCleanup(self.dc.show_attributes)

    def grant(self, dn, attribute):
        sid = self.directory.identity(self.dc.service_dn)[0]
        self.dc.samba_tool("dsacl", "set", "-H", self.dc.folder / "private/sam.ldb", f"--objectdn={dn}",
                           f"--sddl=(OA;CIIO;RP;{_READ_RIGHTS[attribute]};{_USER_CLASS};{sid})")

    def test_hidden_attributes_are_never_an_empty_forest(self):
        parent = self.directory.add_organizational_unit("hidden")
        dn = self.directory.add_user("hid", parent)
        key_id, blob = new_key()
        self.directory.add_key(dn, blob)
        self.fails_with(self.probe(base=parent).poll(), "rights", "uSNChanged", "dsacls")
        self.grant(parent, "uSNChanged")
        self.grant(parent, "whenChanged")
        self.fails_with(self.probe(base=parent).poll(), "rights", "msDS-KeyCredentialLink", "dsacls")
        self.grant(parent, "msDS-KeyCredentialLink")
        probe = self.probe(base=parent)
        self.assertEqual(probe.poll().key_ids("hid"), [key_id])
        # Without a key anywhere, the users' access control lists speak.
        self.directory.remove_key(dn, blob)
        self.assertEqual(probe.poll().key_ids("hid"), [])
        self.assertIsNone(self.probe(base=parent).poll().error)

    def test_users_of_a_unit_without_inherited_rights_are_missed_and_told(self):
        self.dc.show_attributes()
        self.addCleanup(self.dc.hide_attributes)
        parent = self.directory.add_organizational_unit("mixed")
        apart = self.directory.add_organizational_unit("apart", parent)
        self.directory.block_inheritance(apart)
        seen = new_key()
        self.directory.add_key(self.directory.add_user("pat", parent), seen[1])
        self.directory.add_key(self.directory.add_user("quinn", apart), new_key()[1], as_administrator=True)
        probe = self.probe(base=parent)
        poll = probe.poll()
        self.assertEqual(sorted(poll.users), ["pat"])
        told = [line for line in poll.end["warnings"] if f'under {apart},' in line]
        self.assertEqual(len(told), 2, poll.end["warnings"])
        self.assertIn("hide uSNChanged", told[0])
        self.assertIn("hide msDS-KeyCredentialLink", told[1])
        self.assertIn(f'dsacls "{apart}"', told[1])

    def test_rights_that_are_withdrawn_do_not_look_like_removed_keys(self):
        self.dc.show_attributes()
        dn = self.directory.add_user("ann")
        key_id, blob = new_key()
        self.directory.add_key(dn, blob)
        probe = self.probe()
        self.assertEqual(probe.poll().key_ids("ann"), [key_id])
        self.dc.hide_attributes()
        self.dc.kill()
        self.dc.start()
        self.directory.set_attributes(dn, description="changed")
        self.fails_with(probe.poll(), "rights", "withdrawn", "dsacls")


if __name__ == "__main__":
    unittest.main()
