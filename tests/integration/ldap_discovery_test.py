#!/usr/bin/python3
"""Domain controllers found by DNS SRV, in the DNS of a real domain controller; names and a DNS that does not answer."""

import pathlib
import socket
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from directory_probe import DirectoryProbe
from lab.keysyncd_process import KeysyncdProcess, domain_configuration
from lab.samba_dc import SambaDc
from reader_case import ReaderCase, new_key


class DiscoveryTest(ReaderCase):
    @classmethod
    def setUpClass(cls):
        cls.dc = SambaDc()
        cls.addClassCleanup(cls.dc.close)
        cls.dc.start()
        cls.key_id, blob = new_key()
        cls.dc.directory.add_key(cls.dc.directory.add_user("ada"), blob)

    def own_etc(self, nameserver=None):
        resolv_conf = self.dc.folder / "resolv.conf"
        resolv_conf.write_text(f"nameserver {nameserver or self.dc.address}\n")
        # libldap asks for its own machine's name when it is first used, and would ask a DNS that never answers.
        hosts = self.dc.folder / "own-hosts"
        hosts.write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
        return {"resolv.conf": resolv_conf, "hosts": hosts}

    def probe(self, nameserver=None, **settings):
        defaults = {"discover": self.dc.realm, "ca": self.dc.ca_file, "dn": self.dc.service_upn, "tracking": "usn",
                    "password_file": self.dc.service_password_file}
        probe = DirectoryProbe(etc=self.own_etc(nameserver), **{**defaults, **settings})
        self.addCleanup(probe.close)
        return probe

    def test_a_domain_is_read_from_the_controller_that_the_dns_names(self):
        for settings in ({}, {"site": "Default-First-Site-Name"}, {"site": "A-site-without-controllers"}):
            with self.subTest(settings=settings):
                poll = self.probe(**settings).poll()
                self.assertIsNone(poll.error)
                self.assertEqual(poll.end["server"], f"ldaps://{self.dc.fqdn}")
                self.assertEqual(poll.key_ids("ada"), [self.key_id])

    def test_check_online_tells_how_many_are_named_and_looks_at_each(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        domain = domain_configuration(self.dc, discover=True, change_tracking="usn")
        del domain["servers"]
        checked = KeysyncdProcess(folder, {"domains": [domain]}, etc=self.own_etc()).run_command("check", "--online")
        self.assertEqual(checked.returncode, 0, checked.stdout)
        realm = self.dc.realm
        self.assertIn(f"ok   {realm}: the DNS names 1 domain controller\n", checked.stdout)
        self.assertIn(f"ok   {realm} ldaps://{self.dc.fqdn}: changes are tracked by uSNChanged: configured\n",
                      checked.stdout)

    def test_start_tls_uses_the_port_that_the_record_names(self):
        self.assertEqual(self.probe(start_tls="true").poll().end["server"], f"ldap://{self.dc.fqdn}:389")

    def test_listed_servers_come_first(self):
        self.assertEqual(self.probe(server=self.dc.uri).poll().end["server"], self.dc.uri)

    def test_a_domain_that_the_dns_does_not_know_is_told(self):
        unknown = f"nowhere.{self.dc.realm}"
        self.fails_with(self.probe(discover=unknown).poll(), "resolve", unknown, "list servers")

    def test_a_dns_server_that_never_answers_is_given_up_in_time(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((self.silent_address(), 53))
            began = time.monotonic()
            self.fails_with(self.probe(nameserver=silent.getsockname()[0], limit="2000").poll(), "resolve", "DNS")
            self.assertLess(time.monotonic() - began, 6)

    def test_a_server_name_that_the_dns_never_answers_is_given_up_in_time(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((self.silent_address(), 53))
            probe = self.probe(nameserver=silent.getsockname()[0], discover=[], server="ldaps://dc7.slow.test",
                               limit="2000")
            poll = probe.poll()
        self.fails_with(poll, "resolve", "dc7.slow.test", "/etc/resolv.conf")
        self.assertLess(poll.seconds, 6)

    def test_server_names_come_from_the_hosts_file_as_well(self):
        hosts = self.dc.folder / "hosts"
        hosts.write_text(f"127.0.0.1 localhost\n{self.dc.address} {self.dc.fqdn}\n")
        probe = DirectoryProbe(etc={"hosts": hosts}, server=f"ldaps://{self.dc.fqdn}", ca=self.dc.ca_file,
                               dn=self.dc.service_upn, tracking="usn", password_file=self.dc.service_password_file)
        self.addCleanup(probe.close)
        self.assertIsNone(probe.poll().error)

    def silent_address(self):
        first = self.dc.address.split(".")
        return f"127.{first[1]}.99.{first[3]}"


if __name__ == "__main__":
    unittest.main()
