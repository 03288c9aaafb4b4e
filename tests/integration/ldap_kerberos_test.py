#!/usr/bin/python3
"""Kerberos binds against a real domain controller and its KDC: a keytab, no kinit, no ticket cache."""

import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from directory_probe import DirectoryProbe
from lab.samba_dc import SambaDc
from reader_case import ReaderCase, new_key


class KerberosTest(ReaderCase):
    options = {}

    @classmethod
    def setUpClass(cls):
        cls.dc = SambaDc(options=cls.options)
        cls.addClassCleanup(cls.dc.close)
        cls.dc.start()
        cls.key_id, blob = new_key()
        cls.dc.directory.add_key(cls.dc.directory.add_user("ada"), blob)
        cls.keytab = cls.dc.keytab()
        cls.krb5 = cls.dc.krb5_configuration()
        # GSSAPI needs the domain controller's name, which this machine's DNS does not know.
        cls.hosts = cls.dc.folder / "hosts"
        cls.hosts.write_text(f"127.0.0.1 localhost\n{cls.dc.address} {cls.dc.fqdn}\n")

    def probe(self, **settings):
        defaults = {"server": f"ldap://{self.dc.fqdn}", "ca": self.dc.ca_file, "bind": "gssapi", "tracking": "usn",
                    "keytab": self.keytab, "principal": f"{self.dc.service_upn.split('@')[0]}@{self.dc.realm.upper()}"}
        probe = DirectoryProbe(environment={"KRB5_CONFIG": str(self.krb5), "KRB5CCNAME": "FILE:/nonexistent"},
                               etc={"hosts": self.hosts}, **{**defaults, **settings})
        self.addCleanup(probe.close)
        return probe


class SealedTest(KerberosTest):
    maxDiff = None

    def test_plain_ldap_is_signed_and_sealed(self):
        probe = self.probe()
        poll = probe.poll()
        self.assertIsNone(poll.error)
        self.assertEqual(poll.key_ids("ada"), [self.key_id])
        self.assertEqual(probe.poll().end["kind"], "quiet")

    def test_a_connection_that_was_cut_is_bound_again(self):
        probe = self.probe(server=[f"ldap://{self.dc.fqdn}", "ldap://127.0.0.1:1"])
        probe.poll()
        self.dc.restart()
        again = probe.poll()
        self.assertIsNone(again.error)
        self.assertEqual((again.end["kind"], again.end["connections"]), ("quiet", 2))

    def test_a_short_ticket_is_renewed_before_it_ends(self):
        short = self.dc.folder / "short.conf"
        short.write_text(self.krb5.read_text().replace("[libdefaults]", "[libdefaults]\n  ticket_lifetime = 290s"))
        probe = DirectoryProbe(environment={"KRB5_CONFIG": str(short)}, etc={"hosts": self.hosts}, tracking="usn",
                               server=f"ldap://{self.dc.fqdn}", ca=self.dc.ca_file, bind="gssapi", keytab=self.keytab,
                               principal=f"{self.dc.service_upn.split('@')[0]}@{self.dc.realm.upper()}")
        self.addCleanup(probe.close)
        polls = [probe.poll() for _ in range(3)]  # each with a connection and a ticket of its own
        self.assertEqual([str(poll.error) for poll in polls], ["None"] * 3)
        self.assertEqual([poll.end["kind"] for poll in polls], ["full_sweep", "quiet", "quiet"])
        self.assertEqual([poll.end["connections"] for poll in polls], [1, 2, 3])
        lasting = self.probe()
        self.assertEqual([lasting.poll().end["connections"] for _ in range(2)], [1, 1])

    def test_what_is_wrong_is_told(self):
        self.fails_with(self.probe(keytab="/nonexistent").poll(), "bind", "keytab", "/nonexistent")
        self.fails_with(self.probe(principal=f"nobody@{self.dc.realm.upper()}").poll(), "bind", "nobody")
        self.fails_with(self.probe(server=self.dc.plain_uri).poll(), "bind", f"ldap/{self.dc.address}")

    def test_a_key_that_is_out_of_date_is_told(self):
        old = self.dc.folder / "old.keytab"
        old.write_bytes(self.dc.keytab("MSOL_connect").read_bytes())
        connector = f"MSOL_connect@{self.dc.realm.upper()}"
        self.assertIsNone(self.probe(keytab=old, principal=connector).poll().error)
        self.dc.samba_tool("user", "setpassword", "MSOL_connect", "--newpassword=An0ther.Pass",
                           "-H", self.dc.folder / "private/sam.ldb")
        self.fails_with(self.probe(keytab=old, principal=connector).poll(), "bind", "out of date")

    def test_a_hung_kdc_is_given_up_in_time(self):
        probe = self.probe(limit="4000")
        self.dc.pause()
        self.addCleanup(self.dc.resume)
        began = time.monotonic()
        self.fails_with(probe.poll(), "bind", "the KDC did not answer in time")
        self.assertLess(time.monotonic() - began, 12)
        self.dc.resume()
        self.assertIsNone(probe.poll(deadline=30).error)


class InsideTlsTest(KerberosTest):
    """That the channel binding is right cannot be seen here: Samba 4.17 takes any."""

    options = {"ldap server require strong auth": "allow_sasl_over_tls"}

    def test_ldaps_and_start_tls_bind_without_a_second_layer(self):
        for settings in ({"server": f"ldaps://{self.dc.fqdn}"}, {"start_tls": "true"}):
            with self.subTest(settings=settings):
                poll = self.probe(**settings).poll()
                self.assertIsNone(poll.error)
                self.assertEqual(poll.key_ids("ada"), [self.key_id])


class StrictServerTest(KerberosTest):
    def test_a_server_that_wants_its_own_layer_inside_tls_is_told(self):
        self.fails_with(self.probe(server=f"ldaps://{self.dc.fqdn}").poll(), "bind", "allow_sasl_over_tls")


if __name__ == "__main__":
    unittest.main()
