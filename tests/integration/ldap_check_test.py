#!/usr/bin/python3
"""What `check --online` tells of a directory, by stand-ins: a large domain, rights that are missing, how changes are
tracked, whether a domain controller shows that it lags."""

import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from directory_standin import ACCOUNT, BASE, metadata_binary, user
from lab.certificates import CertificateAuthority
from standin_daemon import OnStandins, key_made_at

LOOKED_AT = 5000  # users, by daemon/command/check_directory.cpp


def crowd(**attributes):
    """More users than are looked at, all with the same key."""
    blob = key_made_at(time.time() - 600)[1]
    return [user(f"u{number}", [blob], usn=100 + number, **attributes) for number in range(LOOKED_AT + 700)]


class CheckOnlineTest(OnStandins):
    def check(self, *standins, **more):
        domains = [self.of_standin(standin, f"d{number}.test", **more) for number, standin in enumerate(standins)]
        return self.check_online(self.daemon(*domains))

    def test_of_a_large_domain_all_is_told_that_is_told_of_a_small_one(self):
        standin = self.standin(*crowd())
        standin.command(state={"clock_offset": 60})
        code, out = self.check(standin)
        self.assertEqual(code, 0, out)
        self.assertIn(f"bound, the first {LOOKED_AT} users with {LOOKED_AT} keys can be read", out)
        for line in (r"^ok   d0\.test .*changes are tracked by uSNChanged: configured$",
                     r"^warn d0\.test .*the clock is \+\d+\.\d s from ours", r"^(ok  |warn) d0\.test .*certificate",
                     r"^warn d0\.test .*msDS-ReplValueMetaData"):
            self.assertRegex(out, f"(?m){line}")

    def test_a_right_that_is_missing_in_a_large_domain_fails_the_check(self):
        code, out = self.check(self.standin(*crowd(uSNChanged=[])))
        self.assertEqual(code, 1, out)
        self.assertRegex(out, r"(?m)^fail d0\.test .*rights: .*uSNChanged.*dsacls")

    def test_whether_write_times_can_be_read_exactly(self):
        blob = key_made_at(time.time() - 600)[1]
        code, out = self.check(self.standin(user("ada", [blob])),
                               self.standin(user("ada", [blob], metadata=[metadata_binary(blob, int(time.time()) - 60)])))
        self.assertEqual(code, 0, out)
        self.assertRegex(out, r"(?m)^warn d0\.test .*msDS-ReplValueMetaData")
        self.assertRegex(out, r"(?m)^ok   d1\.test .*write times can be read exactly \(msDS-ReplValueMetaData\)$")

    def test_the_log_names_the_right_that_exact_write_times_need(self):
        daemon = self.daemon(self.of_standin(self.standin(user("ada", [key_made_at(time.time() - 60)[1]]))))
        daemon.start()
        self.waits_for_log(daemon, "level=warn", "reading write times", "msDS-ReplValueMetaData")

    def test_how_changes_are_tracked_and_why_not_otherwise(self):
        offered, without, refused = (self.standin(user("ada", [key_made_at(time.time() - 600)[1]])) for _ in range(3))
        without.set("", "supportedControl", "1.2.840.113556.1.4.319")
        refused.command(state={"dirsync_refused": True})
        code, out = self.check(offered, without, refused, change_tracking="auto")
        self.assertEqual(code, 0, out)
        for line in (r"d0\.test .*changes are tracked by DirSync: .*replication right$",
                     r"d1\.test .*changes are tracked by uSNChanged: the server does not offer DirSync$",
                     r"d2\.test .*changes are tracked by uSNChanged: without the replication right"):
            self.assertRegex(out, f"(?m)^ok   {line}")
        code, out = self.check(without, refused, change_tracking="dirsync")
        self.assertEqual(code, 1, out)
        self.assertRegex(out, r"(?m)^fail d0\.test .*configuration: .*does not offer DirSync; use auto or usn$")
        self.assertRegex(out, r"(?m)^fail d1\.test .*configuration: .*refuses DirSync to this account; use auto or usn$")

    def test_a_domain_controller_of_several_that_does_not_show_what_it_has_received_is_warned_of(self):
        authority = CertificateAuthority(self.folder / "tls", "CA of the forest")
        ada = user("ada", [key_made_at(time.time() - 600)[1]])
        pair = [self.standin(ada, certificate=authority.issue(name, ["dc"], ["127.0.0.1"])) for name in ("one", "two")]
        warning = f'dsacls "{BASE}" /G "{ACCOUNT}:RP;replUpToDateVector"'

        def warnings(*standins):
            domain = self.domain("standin.test", "", authority.ca_file, servers=[standin.uri for standin in standins])
            code, out = self.check_online(self.daemon(domain))
            self.assertEqual(code, 0, out)
            return out.count(warning)

        self.assertEqual((warnings(*pair), warnings(pair[0])), (2, 0))
        pair[0].has_received()  # from nobody: it was the first
        self.assertEqual(warnings(*pair), 1)


if __name__ == "__main__":
    unittest.main(verbosity=1)
