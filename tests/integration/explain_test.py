#!/usr/bin/python3
"""keysyncd explain against directory stand-ins and a tenant: keys that have been stuck for days, with and without a
daemon's ledger, and one name that means a user in each of two domains."""

import hashlib
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import key_blob
from directory_standin import ACCOUNT, BASE, DirectoryStandin, metadata_binary, raw, user
from entra_standin import EntraStandin, times
from lab import children
from lab.keysyncd_process import KeysyncdProcess, binary

_random = random.Random(20260131)
DAY = 86400
REPORTS = ("audit", "whfb_methods", "fido2_methods", "registration_details")
EU = "DC=eu,DC=test"


def key_made_at(seconds):
    material = key_blob.rsa_material(_random)
    return key_blob.with_key_hash(key_blob.entra_blob(hashlib.sha256(material).digest(), material, int(seconds * 10**7)))


def sid(domain, rid):
    """(as the directory has it, as text)"""
    return (raw(bytes.fromhex("010500000000000515000000") + struct.pack("<IIII", 1, 2, domain, rid)),
            f"S-1-5-21-1-2-{domain}-{rid}")


EVERYONE = bytes.fromhex("010100000000000100000000")
# Everyone may read properties (0x10): so that an answer without keys is believed, MS-DTYP 2.4.
_ACE = struct.pack("<BBHI", 0, 0, 8 + len(EVERYONE), 0x10) + EVERYONE
DESCRIPTOR = struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + struct.pack("<BBHHH", 2, 0, 8 + len(_ACE), 1, 0) + _ACE


def account(name, rid, *blobs, domain=3, **settings):
    """A user that shows to everyone whether it has keys."""
    return user(name, blobs, objectSid=[sid(domain, rid)[0]], nTSecurityDescriptor=[raw(DESCRIPTOR)], **settings)


class ExplainTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="keysyncd-explain-")))
        self.entra = self.enterContext(EntraStandin(self.folder / "entra", seed=7))
        self.entra.tenant.mark_synced()
        self.entra.graph.set_throttle(None)

    def standin(self, *users, domain_sid=3, **settings):
        standin = self.enterContext(DirectoryStandin(users, **settings))
        standin.set("", "tokenGroups", raw(EVERYONE))
        standin.set(settings.get("base", BASE), "objectSid",
                    raw(bytes.fromhex("010400000000000515000000") + struct.pack("<III", 1, 2, domain_sid)))
        return standin

    def in_tenant(self, name, domain, domain_sid, rid):
        return self.entra.tenant.add_user(f"{name}@{domain}", sid=sid(domain_sid, rid)[1], sam=name, domain=domain)["id"]

    def daemon(self, *standins, **entra):
        domains = [{"name": name, "servers": [standin.uri], "poll_interval": "1s", "change_tracking": "usn",
                    "bind": {"method": "simple", "dn": ACCOUNT, "password_file": str(standin.password_file)},
                    "tls": {"ca_file": str(standin.ca_file)}} for name, standin in standins]
        made = KeysyncdProcess(self.folder / "daemon", {"domains": domains, "entra": self.entra.configuration(**entra)})
        self.addCleanup(made.stop)
        return made

    def explain(self, daemon, *arguments, status=0):
        done = subprocess.run([binary(), "explain", *arguments, f"--config.file={daemon.configuration_file}"],
                              capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout if status == 0 else done.stderr

    def explained(self, daemon, name):
        return [json.loads(line) for line in self.explain(daemon, name, "--format=json").splitlines()]

    def stuck(self):
        """ada has an old laptop's key and one that is stuck; ben's only key is; both for three days."""
        old = int(time.time()) - 20 * DAY
        blob = key_made_at(old)
        standin = self.standin(account("ada", 1001, blob, changed=old + 5000, metadata=[metadata_binary(blob, old + 1500)]),
                               account("ben", 1002, usn=101))
        registered = times.now() - 3 * DAY * times.SECOND
        for name, rid in (("ada", 1001), ("ben", 1002)):
            owner = self.in_tenant(name, "standin.test", 3, rid)
            self.entra.tenant.register_key(owner, at=registered)
        return standin

    def holds_for_both(self, daemon):
        [ada] = self.explained(daemon, "ada")
        self.assertEqual([key["state"] for key in ada["keys"]], ["overdue", "synced"])
        written = ada["keys"][1]
        self.assertEqual((written["precision"], written["delay_seconds"]), ("exact", 1500), "older than a day, yet exact")
        [ben] = self.explained(daemon, "ben")
        self.assertEqual([key["state"] for key in ben["keys"]], ["overdue"])
        self.assertEqual((ben["user"]["domain"], ben["user"]["dn"]), ("standin.test", f"CN=ben,{BASE}"))
        told = self.explain(daemon, "ben")
        self.assertEqual(told.count("  domain "), 1, told)
        self.assertNotIn("no keys", told)

    def test_keys_that_have_been_stuck_for_days_are_shown_without_a_daemon(self):
        daemon = self.daemon(("standin.test", self.stuck()))
        [ada] = self.explained(daemon, "ada")
        asked = [request for request in self.entra.requests_seen() if request["endpoint"] in REPORTS]
        self.assertLessEqual(len(asked), 5, "more than Microsoft lets one application ask in 10 s")
        self.assertTrue(any("initiatedBy" in json.dumps(request) for request in asked), asked)
        self.assertEqual(ada["keys"][0]["cause"], "unknown", "the tenant's sync runs; of others nothing is known")
        self.assertIsNotNone(ada["next_write"])
        self.assertRegex(self.explain(daemon, "ada"), r"(?m)^  next write   expected .* from the tenant's last sync")
        self.holds_for_both(daemon)

    def test_the_whole_log_is_read_where_graph_refuses_to_narrow_it(self):
        daemon = self.daemon(("standin.test", self.stuck()), reports_limit=100)
        self.entra.graph.refuse_or = True
        self.holds_for_both(daemon)

    def test_where_the_registration_report_is_read_a_user_is_asked_about_directly(self):
        standin = self.stuck()
        self.entra.graph.deny("audit", "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "No licence.")
        daemon = self.daemon(("standin.test", standin), registrations="report")
        self.holds_for_both(daemon)
        self.assertEqual(self.entra.requests_seen("registration_details"), [], "of everybody, for one")

    def test_the_daemons_ledger_knows_what_entra_has_forgotten(self):
        standin = self.stuck()
        daemon = self.daemon(("standin.test", standin), poll_interval="1s", lookback="5d", reports_limit=100)
        daemon.start()
        overdue = lambda: 'state="overdue",usage="NGC"} 2' in daemon.get("/metrics")[1] or (  # noqa: E731
            'usage="NGC",state="overdue"} 2' in daemon.get("/metrics")[1])
        self.assertTrue(children.wait_until(overdue, 20), daemon.log_tail())
        for event in self.entra.tenant.events():
            self.entra.tenant.drop_event(event["id"])
        self.holds_for_both(daemon)
        daemon.stop()
        self.holds_for_both(daemon)

    def test_a_name_of_two_domains_shows_both_users(self):
        now = int(time.time())
        blob = key_made_at(now - DAY)
        corp = self.standin(account("ada", 1001))
        eu = self.standin(account("ada", 1001, blob, domain=4, base=EU, changed=now - DAY + 900,
                                  userPrincipalName=["ada@eu.test"]), base=EU, domain_sid=4)
        stuck = self.in_tenant("ada", "standin.test", 3, 1001)
        self.in_tenant("ada", "eu.test", 4, 1001)
        self.entra.tenant.register_key(stuck, at=times.now() - 2 * DAY * times.SECOND)
        daemon = self.daemon(("standin.test", corp), ("eu.test", eu))
        for order in (["standin.test", "eu.test"], ["eu.test", "standin.test"]):
            with self.subTest(order=order):
                daemon.configuration["domains"].sort(key=lambda domain: order.index(domain["name"]))
                daemon.write_configuration()
                found = {one["user"]["domain"]: one for one in self.explained(daemon, "ADA")}
                self.assertEqual(list(found), order)
                self.assertEqual([key["state"] for key in found["standin.test"]["keys"]], ["overdue"])
                self.assertEqual([key["state"] for key in found["eu.test"]["keys"]], ["synced"])
                self.assertEqual(found["eu.test"]["user"]["user_principal_name"], "ada@eu.test")
        [one] = self.explained(daemon, sid(4, 1001)[1])
        self.assertEqual(one["user"]["domain"], "eu.test", "the same RID elsewhere is somebody else")
        self.assertIn("in eu.test, standin.test", self.explain(daemon, "nobody", status=1))


if __name__ == "__main__":
    unittest.main()
