#!/usr/bin/python3
"""The daemon on a real domain controller while rights come and go: what may no longer be read is never counted as
removed, what may be read again is never counted as written, and true removals are found all the same."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from lab import children, exposition
from lab.keysyncd_process import KeysyncdProcess, domain_configuration
from reader_case import OnDomainController, new_key

_KEY_ATTRIBUTE = "5b47d60f-6090-40b2-9f37-2a4de88f3063"
_USER_CLASS = "bf967aba-0de6-11d0-a285-00aa003049e2"


class RightsTest(OnDomainController):
    def setUp(self):
        self.sid = self.directory.identity(self.dc.service_dn)[0]
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="keysyncd-rights-")))

    def daemon(self, base, **more):
        domain = domain_configuration(self.dc, base_dn=base, poll_interval="1s", change_tracking="usn", **more)
        daemon = KeysyncdProcess(self.folder / "keysyncd", {"domains": [domain]}, arguments=["--log.level=debug"])
        self.addCleanup(daemon.stop)
        return daemon.start()

    def deny(self, dn, rights=f"OD;CIIO;RP;{_KEY_ATTRIBUTE};{_USER_CLASS}"):
        """Until the test ends or what is returned is called."""
        before = self.directory.read(dn, "nTSecurityDescriptor")["nTSecurityDescriptor"][0]
        self.dc.samba_tool("dsacl", "set", "-H", self.dc.folder / "private/sam.ldb", f"--objectdn={dn}",
                           f"--sddl=({rights};{self.sid})")
        return lambda: self.directory.set_attributes(dn, nTSecurityDescriptor=before)

    def figures(self, daemon):
        """(keys synced, removals, writes)"""
        samples = daemon.scrape()
        labels = {"domain": self.dc.realm, "usage": "NGC"}
        return (samples[exposition.key("keysync_keys", state="synced", **labels)],
                samples[exposition.key("keysync_removals_total", **labels)],
                samples[exposition.key("keysync_writes_total", **labels)])

    def shows(self, daemon, *expected):
        children.wait_until(lambda: self.figures(daemon) == expected, 20)
        self.assertEqual(self.figures(daemon), expected, daemon.log_tail())

    def waits_for_log(self, daemon, *words):
        def found():
            return any(all(word in line for word in words) for line in daemon.log.read_text().splitlines())

        self.assertTrue(children.wait_until(found, 20), daemon.log_tail(60))

    def two_units(self, name):
        """base, a unit that keeps its rights, one that will lose them; a user with a key in each: (unit, dn, blob)"""
        base = self.directory.add_organizational_unit(name)
        self.directory.add_user(f"{name}-keyless", base)  # goes on showing what may be read
        return base, *(self.user_with_key(f"{name}-{part}", self.directory.add_organizational_unit(part, base))
                       for part in ("kept", "apart"))

    def user_with_key(self, name, unit):
        dn = self.directory.add_user(name, unit)
        blob = new_key()[1]
        self.directory.add_key(dn, blob)
        return unit, dn, blob

    def test_a_window_without_the_right_to_read_keys_removes_none(self):
        base, (kept, kept_dn, kept_blob), (apart, apart_dn, apart_blob) = self.two_units("window")
        daemon = self.daemon(base, full_sweep_interval="12h")
        self.shows(daemon, 2, 0, 2)
        restore = self.deny(apart)
        # Somebody else shows that keys may be read, in the same window perhaps.
        self.directory.set_attributes(apart_dn, description="changed")
        self.directory.set_attributes(kept_dn, description="changed")
        self.waits_for_log(daemon, "kept as they were", f"under {apart}", "dsacls")
        daemon.wait_for_polls(2)
        self.shows(daemon, 2, 0, 2)
        # Another's true removal goes its way meanwhile.
        self.directory.remove_key(kept_dn, kept_blob)
        self.shows(daemon, 1, 1, 2)
        restore()
        self.directory.set_attributes(apart_dn, description="changed again")
        daemon.wait_for_polls(2)
        self.shows(daemon, 1, 1, 2)
        self.directory.remove_key(apart_dn, apart_blob)
        self.shows(daemon, 0, 2, 2)

    def test_a_right_withdrawn_everywhere_fails_the_pass_and_removes_nothing(self):
        base, (_, kept_dn, _), (_, apart_dn, apart_blob) = self.two_units("everywhere")
        daemon = self.daemon(base, full_sweep_interval="12h")
        self.shows(daemon, 2, 0, 2)
        restore = self.deny(base)
        self.directory.set_attributes(apart_dn, description="changed")
        self.directory.set_attributes(kept_dn, description="changed")
        self.waits_for_log(daemon, "reason=rights", "withdrawn")
        self.shows(daemon, 2, 0, 2)
        restore()
        self.waits_for_log(daemon, "the domain answers again")
        self.directory.remove_key(apart_dn, apart_blob)
        self.shows(daemon, 1, 1, 2)

    def test_a_sweep_without_the_rights_on_one_unit_removes_none_of_its_keys(self):
        rights = {"keys": f"OD;CIIO;RP;{_KEY_ATTRIBUTE};{_USER_CLASS}", "reading": "D;CI;RP;;",
                  "listing": "D;;LCRC;;"}
        for what, right in rights.items():
            with self.subTest(lost=what):
                self.folder = self.folder / what
                base, (kept, kept_dn, kept_blob), (apart, apart_dn, apart_blob) = self.two_units(f"sweep-{what}")
                daemon = self.daemon(base, full_sweep_interval="1s")
                self.shows(daemon, 2, 0, 2)
                restore = self.deny(apart, right)
                self.waits_for_log(daemon, "kept as they were", apart, "dsacls")
                daemon.wait_for_polls(2)
                self.shows(daemon, 2, 0, 2)
                self.directory.delete_user(kept_dn)
                self.shows(daemon, 1, 1, 2)
                restore()
                daemon.wait_for_polls(2)
                self.shows(daemon, 1, 1, 2)
                self.directory.remove_key(apart_dn, apart_blob)
                self.shows(daemon, 0, 2, 2)
                daemon.stop()

    def test_keys_that_come_to_light_are_neither_written_nor_measured(self):
        base, (kept, _, _), (apart, apart_dn, _) = self.two_units("light")
        hidden = new_key()[1]
        restore = self.deny(apart)
        daemon = self.daemon(base, full_sweep_interval="1s")
        self.shows(daemon, 1, 0, 1)
        self.directory.add_key(apart_dn, hidden)
        daemon.wait_for_polls(2)
        self.shows(daemon, 1, 0, 1)
        restore()
        self.shows(daemon, 3, 0, 1)
        # The same by another base_dn, after which one is written before the daemon is back.
        daemon.stop()
        self.folder = self.folder / "kept"
        daemon = self.daemon(kept, full_sweep_interval="12h")
        self.shows(daemon, 1, 0, 1)
        daemon.stop()
        self.user_with_key("light-new", kept)
        daemon.configuration["domains"][0]["base_dn"] = base
        daemon.write_configuration()
        daemon.start()
        self.shows(daemon, 4, 0, 2)
        self.assertEqual(daemon.scrape()[exposition.key("keysync_delay_seconds_count", domain=self.dc.realm,
                                                        usage="NGC")], 2)


if __name__ == "__main__":
    children.exit_on_signals()
    unittest.main(verbosity=1)
