#!/usr/bin/python3
"""The lab itself: what the other tests rest on is checked here first, against a real domain controller."""

import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import ldap

from lab import children
from lab.samba_dc import SambaDc


class DomainControllerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dc = SambaDc().start()

    @classmethod
    def tearDownClass(cls):
        cls.dc.close()

    def service_sees(self, filter, *attributes):
        connection = self.dc.connect()
        try:
            return connection.search(self.dc.base_dn, filter=filter, attributes=list(attributes))
        finally:
            connection.close()

    def test_a_key_is_written_by_the_connector_read_by_the_service_and_timed_by_the_oracle(self):
        directory, blob = self.dc.directory, bytes(range(200))
        dn = directory.add_user("ada")
        before = int(time.time())
        directory.add_key(dn, blob)
        after = time.time()
        entries = self.service_sees("(msDS-KeyCredentialLink=*)", "msDS-KeyCredentialLink", "uSNChanged", "whenChanged")
        self.assertEqual([e[0] for e in entries], [dn])
        self.assertEqual(entries[0][1]["msDS-KeyCredentialLink"], [f"B:400:{blob.hex().upper()}:{dn}".encode()])
        self.assertIn("uSNChanged", entries[0][1])
        writes = self.dc.oracle(dn)
        self.assertEqual([(w.blob, w.deleted, w.version) for w in writes], [(blob, False, 1)])
        self.assertTrue(before <= writes[0].changed_at <= after, writes)
        self.assertEqual(directory.when_changed(dn), writes[0].changed_at)

        renamed = directory.rename_user(dn, "Ada, née: Byron", logon_name="ada.byron")
        self.assertEqual(directory.keys(renamed), [blob])
        directory.remove_key(renamed, blob)
        self.assertEqual(directory.keys(renamed), [])
        self.assertTrue(self.dc.oracle(renamed)[0].deleted)
        directory.delete_user(renamed)

    def test_the_connector_cannot_write_keys_of_protected_users(self):
        dn = self.dc.directory.add_user("root")
        self.dc.directory.protect_user(dn)
        with self.assertRaises(ldap.INSUFFICIENT_ACCESS):
            self.dc.directory.add_key(dn, b"key")
        self.assertEqual(self.service_sees("(sAMAccountName=root)", "adminCount")[0][1]["adminCount"], [b"1"])
        self.dc.directory.add_key(dn, b"key", as_administrator=True)
        self.dc.directory.delete_user(dn)

    def test_hidden_attributes_make_an_empty_answer_with_success(self):
        dn = self.dc.directory.add_user("grace")
        self.dc.directory.add_key(dn, b"key")
        self.dc.hide_attributes()
        self.assertEqual(self.service_sees("(msDS-KeyCredentialLink=*)"), [])
        self.assertEqual(self.service_sees("(&(sAMAccountName=grace)(uSNChanged>=1))", "cn"), [])
        self.assertEqual([e[0] for e in self.service_sees("(sAMAccountName=grace)", "cn")], [dn])
        self.dc.show_attributes()
        self.assertEqual([e[0] for e in self.service_sees("(msDS-KeyCredentialLink=*)", "cn")], [dn])
        self.dc.directory.delete_user(dn)

    def test_it_comes_back_after_a_kill_and_after_a_pause(self):
        dn = self.dc.directory.add_user("linus")
        self.dc.kill()
        self.assertFalse(self.dc.answers())
        self.dc.start()
        self.assertEqual(self.service_sees("(sAMAccountName=linus)", "cn")[0][0], dn)
        self.dc.pause()
        self.assertFalse(self.dc.answers())
        self.dc.resume()
        self.assertTrue(children.wait_until(self.dc.answers, 5))
        self.dc.directory.delete_user(dn)

    def test_a_keytab_can_be_exported(self):
        self.assertEqual(self.dc.keytab().read_bytes()[:2], b"\x05\x02")

    def test_two_run_side_by_side(self):
        with SambaDc("second.test") as other:
            self.assertNotEqual(other.address, self.dc.address)
            self.assertTrue(other.answers() and self.dc.answers())


if __name__ == "__main__":
    unittest.main(verbosity=2)
