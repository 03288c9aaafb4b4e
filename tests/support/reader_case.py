"""What the tests of the directory reader share: a domain controller a class or stand-ins a test, probes against them,
keys to write."""

import hashlib
import random
import time
import unittest

import key_blob
from directory_probe import DirectoryProbe
from directory_standin import ACCOUNT, DirectoryStandin
from lab.samba_dc import SambaDc

_random = random.Random(20260131)


def new_key(usage="NGC"):
    """(key id as hex, blob as Entra Connect writes it)"""
    material = key_blob.rsa_material(_random)
    key_id = hashlib.sha256(material).digest()
    blob = key_blob.entra_blob(key_id, material, int(time.time() * 10**7), usage=usage)
    return key_id.hex(), key_blob.with_key_hash(blob)


class ReaderCase(unittest.TestCase):
    def fails_with(self, poll, failure, *words):
        self.assertIsNotNone(poll.error, poll.end)
        self.assertEqual(poll.error["failure"], failure, poll.error)
        for word in words:
            self.assertIn(word, poll.error["detail"])


class OnDomainController(ReaderCase):
    @classmethod
    def setUpClass(cls):
        cls.dc = SambaDc()
        cls.addClassCleanup(cls.dc.close)
        cls.dc.start()
        cls.directory = cls.dc.directory

    def probe(self, **settings):
        defaults = {"server": self.dc.uri, "ca": self.dc.ca_file, "dn": self.dc.service_upn,
                    "password_file": self.dc.service_password_file, "tracking": "usn"}
        probe = DirectoryProbe(**{**defaults, **settings})
        self.addCleanup(probe.close)
        return probe

    def administrator_probe(self, **settings):
        return self.probe(dn=f"Administrator@{self.dc.realm}", password_file=self.dc.administrator_password_file,
                          **settings)


class OnStandin(ReaderCase):
    def standin(self, *users, **settings):
        standin = DirectoryStandin(users, **settings)
        self.addCleanup(standin.close)
        return standin

    def probe(self, standin, **settings):
        probe = DirectoryProbe(**{"server": standin.uri, "ca": standin.ca_file, "dn": ACCOUNT, "tracking": "usn",
                                  "password_file": standin.password_file, **settings})
        self.addCleanup(probe.close)
        return probe
