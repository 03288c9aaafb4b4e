#!/usr/bin/python3
"""The daemon and Entra, where it is not the scenario's: questions about keys within Microsoft's limit, what happens
without the permission for them, the registration report instead of the audit log, exported audit logs alone, records
that cannot be read. Several daemons look at one domain controller, each with a tenant of its own."""

import contextlib
import json
import pathlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import key_blob
from entra_standin import EntraStandin, times
from entra_standin.exports import Exporter
from lab import children, exposition
from lab.certificates import CertificateAuthority
from lab.keysyncd_process import KeysyncdProcess, binary, domain_configuration
from lab.samba_dc import SambaDc

ADDED = "Add Windows Hello for Business credential"
REPORTS = ("audit", "whfb_methods", "fido2_methods", "registration_details")


class EntraDaemonTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="keysyncd-entra-")))
        cls.dc = cls.enterClassContext(SambaDc())
        cls.users = {}

    def setUp(self):
        self.entra = self.enterContext(EntraStandin(self.folder / self.id().rsplit(".", 1)[1], seed=5))
        self.tenant = self.entra.tenant

    def user(self, name):
        """In the directory, once for all tests, and in this test's tenant."""
        if name not in self.users:
            self.users[name] = self.dc.directory.add_user(name)
        sid, immutable_id = self.dc.directory.identity(self.users[name])
        return self.tenant.add_user(f"{name}@{self.dc.realm}", sid=sid, immutable_id=immutable_id, sam=name,
                                    domain=self.dc.realm, dn=self.users[name])["id"]

    def write(self, name, entra_key):
        self.dc.directory.add_key(self.users[name], key_blob.with_key_hash(bytes.fromhex(entra_key["blob"])))

    def daemon(self, entra=None, filter=None, **more):
        configuration = {"domains": [domain_configuration(self.dc, poll_interval="1s",
                                                          **({"filter": filter} if filter else {}))],
                         "entra": entra or self.entra.configuration(**more),
                         "sync": {"cycle": "1h", "grace": "5m"}}
        made = KeysyncdProcess(self.folder / f"daemon-{self.id().rsplit('.', 1)[1]}", configuration,
                               arguments=["--log.level=debug"])
        self.addCleanup(made.stop)
        return made

    def figure(self, daemon, name, **labels):
        return daemon.scrape().get(exposition.key(name, **labels))

    def keys(self, daemon, state, usage="NGC"):
        return self.figure(daemon, "keysync_keys", domain=self.dc.realm, usage=usage, state=state)

    def assert_within_the_limit(self):
        reports = [request for request in self.entra.requests_seen() if request["endpoint"] in REPORTS]
        self.assertEqual({request["status"] for request in reports}, {200})
        at = sorted(times.parse(request["at"]) for request in reports)
        self.assertTrue(all(later - earlier >= 10 * times.SECOND for earlier, later in zip(at, at[5:])),
                        "more than five requests in 10 s")

    def eventually(self, daemon, condition, what, deadline=30):
        if not children.wait_until(condition, deadline, interval=0.2):
            self.fail(f"{what}: not within {deadline} s; {daemon.log_tail()}")

    def command(self, daemon, *arguments):
        return subprocess.run([binary(), *arguments, f"--config.file={daemon.configuration_file}"],
                              capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)

    def test_one_question_a_registration_within_the_limit_and_the_audit_log_is_not_late(self):
        for number in range(9):
            self.tenant.register_key(self.user(f"limit{number}"), usage="FIDO" if number % 3 == 0 else "NGC")
        daemon = self.daemon(poll_interval="10s").start()
        asked = lambda: self.entra.requests_seen("whfb_methods") + self.entra.requests_seen("fido2_methods")  # noqa: E731
        self.eventually(daemon, lambda: len(asked()) >= 9, "all nine asked about", deadline=60)
        polls = len(self.entra.requests_seen("audit"))
        self.eventually(daemon, lambda: len(self.entra.requests_seen("audit")) >= polls + 2, "two polls more")
        self.assertEqual(len(asked()), 9, "each registration costs one request")
        self.assert_within_the_limit()
        polled = [times.parse(request["at"]) for request in self.entra.requests_seen("audit")]
        self.assertLess(max(later - earlier for earlier, later in zip(polled, polled[1:])), 14 * times.SECOND)
        self.assertEqual(self.figure(daemon, "keysync_graph_requests_total", endpoint="methods", code="200"), 9)
        _, body = daemon.get(f"/api/v1/users/limit1@{self.dc.realm}")
        [key] = json.loads(body)["users"][0]["keys"]
        self.assertEqual((key["state"], key["method"]["strength"]), ("pending", "normal"))

    def test_reloads_commands_and_a_restart_stay_within_the_limit_together(self):
        for number in range(8):
            self.tenant.register_key(self.user(f"limit{number}"))
        daemon = self.daemon(poll_interval="10s", filter="(sAMAccountName=limit*)").start()
        self.eventually(daemon, lambda: self.entra.requests_seen("whfb_methods"), "the first question", deadline=60)
        for number in range(3):
            daemon.signal(signal.SIGHUP)
            self.eventually(daemon, lambda number=number: daemon.log.read_text().count("was reloaded") > number, "reload")
        told = self.command(daemon, "explain", f"limit1@{self.dc.realm}")
        self.assertIn("pending", told.stdout, told.stderr)
        daemon.stop()
        polls = len(self.entra.requests_seen("audit"))
        daemon.start(ready=False)
        self.eventually(daemon, lambda: len(self.entra.requests_seen("audit")) > polls, "a poll after the restart")
        daemon.signal(signal.SIGHUP)
        self.eventually(daemon, lambda: len(self.entra.requests_seen("audit")) > polls + 1, "a poll after the reload")
        self.assert_within_the_limit()
        self.assertNotIn("cannot be shared", daemon.log.read_text())

    def test_a_silence_that_graph_asked_for_survives_a_reload(self):
        daemon = self.daemon(poll_interval="1s", filter="(sAMAccountName=nobody)").start()
        self.eventually(daemon, lambda: self.entra.requests_seen("audit"), "a poll")
        self.entra.faults.add_fault("audit", "status", status=429, headers={"Retry-After": "15"})
        silenced = lambda: [r for r in self.entra.requests_seen("audit") if r["status"] == 429]  # noqa: E731
        self.eventually(daemon, silenced, "the demand")
        daemon.signal(signal.SIGHUP)
        self.eventually(daemon, lambda: self.entra.requests_seen("audit")[-1]["status"] == 200, "polls again", deadline=60)
        at = [times.parse(request["at"]) for request in self.entra.requests_seen("audit")]
        after = times.parse(silenced()[0]["at"])
        self.assertGreaterEqual(min(later for later in at if later > after) - after, 15 * times.SECOND)

    def test_a_key_that_entra_does_not_know_is_told_everywhere_with_the_mend(self):
        owner = self.user("owner")
        genuine = self.tenant.register_key(owner, at=times.now() - 3600 * times.SECOND)
        forged = self.tenant.register_key(owner, at=times.now() - 1800 * times.SECOND, audit=False)
        self.tenant.forget_key(forged["key_id"])
        daemon = self.daemon(poll_interval="1s", reports_limit=100, filter="(sAMAccountName=owner)").start()
        self.entra.graph.set_throttle(None)
        self.write("owner", genuine)
        self.write("owner", forged)
        self.eventually(daemon, lambda: self.keys(daemon, "unmatched") == 1, "an unmatched key")
        self.assertEqual(self.keys(daemon, "synced"), 1)
        self.assertEqual(self.figure(daemon, "keysync_suspicious_keys", domain=self.dc.realm, reason="unmatched"), 1)
        told = self.command(daemon, "explain", "owner")
        self.assertIn("unmatched", told.stdout)
        self.assertIn("take the value out of msDS-KeyCredentialLink", told.stdout)
        report = json.loads(self.command(daemon, "report", "--format=json").stdout)
        self.assertEqual([key["state"] for key in report["suspicious"]["unmatched"]], ["unmatched"])
        daemon.stop()
        self.assertIn("unmatched", self.command(daemon, "explain", "owner").stdout)

    def test_without_the_permission_everything_else_goes_on_and_it_is_told_once(self):
        self.entra.graph.deny("whfb_methods", "accessDenied", "Request Authorization failed")
        self.entra.graph.set_throttle(None)
        for name in ("refused", "refused2"):
            self.tenant.register_key(self.user(name))
        daemon = self.daemon(poll_interval="1s", reports_limit=100).start()
        self.eventually(daemon, lambda: "UserAuthenticationMethod.Read.All" in daemon.log.read_text(), "the mend")
        daemon.wait_for_polls(3)
        self.assertEqual(len(self.entra.requests_seen("whfb_methods")), 2, "more than the two that prove it")
        self.assertEqual(daemon.log.read_text().count("authentication methods cannot be read"), 1)
        self.assertEqual(self.keys(daemon, "pending"), 2)
        self.assertEqual(self.figure(daemon, "keysync_poll_failures_total", source="graph", domain="",
                                     reason="forbidden"), 0)

    def test_when_our_certificate_ends_is_told_also_after_it_has_ended(self):
        expiry = lambda daemon: self.figure(daemon, "keysync_certificate_expiry_timestamp_seconds",  # noqa: E731
                                            endpoint="entra_client")
        authority = CertificateAuthority(self.folder / "client-certificates")
        for days in (2, -2):
            certificate, key = authority.issue(f"client{days}", days=days, client=True, with_rsa=True)
            daemon = self.daemon(poll_interval="1s", credential={"certificate_file": str(certificate),
                                                                 "key_file": str(key)}).start(ready=False)
            self.eventually(daemon, lambda: expiry(daemon), "the certificate's end")  # noqa: B023
            self.assertAlmostEqual(expiry(daemon) - time.time(), days * 86400, delta=600)
            daemon.stop()

    def test_the_registration_report_instead_of_the_audit_log(self):
        self.entra.graph.set_throttle(None)
        self.entra.graph.deny("audit", "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "No licence.")
        key = self.tenant.register_key(self.user("reported"), audit=False)
        self.tenant.register_key(self.user("reported2"), usage="FIDO", audit=False)
        daemon = self.daemon(poll_interval="1s", reports_limit=100, registrations="report",
                             filter="(sAMAccountName=reported*)").start()
        self.eventually(daemon, lambda: (self.keys(daemon, "pending"), self.keys(daemon, "pending", "FIDO")) == (1, 1),
                        "pending keys by the report")
        self.write("reported", key)
        self.eventually(daemon, lambda: self.keys(daemon, "pending") == 0, "the key's arrival")
        self.assertEqual(self.figure(daemon, "keysync_registrations_total", domain=self.dc.realm, usage="NGC"), 1)
        self.assertEqual(self.entra.requests_seen("audit"), [])
        self.assertEqual(len(self.entra.requests_seen("registration_details")), 1, "once an hour")
        self.assertEqual(len(self.entra.requests_seen("whfb_methods")), 1, "who has such a key by the report, once")
        self.assertEqual(len(self.entra.requests_seen("fido2_methods")), 1)

    def test_exported_logs_beside_a_graph_without_the_licence_for_the_audit_log(self):
        self.entra.graph.set_throttle(None)
        self.entra.graph.deny("audit", "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "No licence.")
        self.tenant.mark_synced()
        self.tenant.register_key(self.user("unlicensed"))
        logs = self.folder / "unlicensed"
        Exporter(self.tenant, str(logs)).write()
        daemon = self.daemon(poll_interval="1s", reports_limit=100, audit_files=[str(logs / "*.json")]).start()
        self.eventually(daemon, lambda: self.keys(daemon, "pending") == 1, "the key of the file, by Graph's user")
        daemon.wait_for_polls(2)
        self.assertEqual(len(self.entra.requests_seen("audit")), 1, "asked again before an hour")
        self.assertEqual(daemon.log.read_text().count("they come from the audit files alone"), 1)
        self.assertGreater(self.figure(daemon, "keysync_entra_last_sync_timestamp_seconds"), 0)
        self.assertEqual(self.figure(daemon, "keysync_poll_failures_total", source="graph", domain="",
                                     reason="forbidden"), 0)
        told = self.command(daemon, "check", "--online").stdout
        self.assertRegex(told, r"warn +graph audit log.*entra\.audit_files alone")
        done = self.command(daemon, "explain", "unlicensed", "--format=json")
        self.assertEqual([key["state"] for key in json.loads(done.stdout)["keys"]], ["pending"], done.stderr)

    def watermark(self, daemon, moment=None):
        """Up to when the audit log was read, by the stopped daemon's ledger; `moment` sets it."""
        with contextlib.closing(sqlite3.connect(daemon.ledger)) as ledger, ledger:
            if moment is not None:
                ledger.execute("UPDATE meta SET value = ? WHERE name = 'audit_read_until'", (moment,))
            [[value]] = ledger.execute("SELECT value FROM meta WHERE name = 'audit_read_until'")
            return value

    def test_a_stop_longer_than_overlap_and_lookback_loses_no_registration(self):
        self.entra.graph.set_throttle(None)
        before = times.now()
        daemon = self.daemon(poll_interval="1s", reports_limit=100, overlap="2s", lookback="1m").start()
        daemon.wait_for_polls(1)
        daemon.stop()
        self.assertGreater(self.watermark(daemon), before - 2 * times.SECOND)
        self.watermark(daemon, times.now() - 3600 * times.SECOND)
        self.tenant.register_key(self.user("stopped"), at=times.now() - 1800 * times.SECOND)
        daemon.start()
        self.eventually(daemon, lambda: self.keys(daemon, "pending") == 1, "the key of the time between")
        self.assertEqual(self.figure(daemon, "keysync_registration_gap_seconds_total"), 0)

    def test_a_gap_in_the_audit_log_is_counted_once_though_polls_fail(self):
        self.entra.graph.set_throttle(None)
        daemon = self.daemon(poll_interval="1s", reports_limit=100).start()
        daemon.wait_for_polls(1)
        daemon.stop()
        self.watermark(daemon, times.now() - 33 * 86400 * times.SECOND)
        self.entra.graph.deny("organization")
        asked = len(self.entra.requests_seen("organization"))
        self.tenant.register_key(self.user("gap"))
        daemon.start()
        self.eventually(daemon, lambda: len(self.entra.requests_seen("organization")) >= asked + 4, "failed polls")
        gap = lambda: self.figure(daemon, "keysync_registration_gap_seconds_total")  # noqa: E731
        self.assertAlmostEqual(gap(), 3 * 86400, delta=60)
        self.assertEqual(self.keys(daemon, "pending"), 1)
        self.eventually(daemon, lambda: self.entra.requests_seen("whfb_methods"), "the question about it")
        self.entra.graph.allow("organization")
        daemon.wait_for_polls(2)
        self.assertAlmostEqual(gap(), 3 * 86400, delta=60)

    def test_a_clock_that_is_three_hours_ahead_of_graph_loses_no_registration(self):
        self.entra.graph.set_throttle(None)
        self.entra.set_clock_skew(-3 * 3600)
        daemon = self.daemon(poll_interval="1s", reports_limit=100, overlap="2s").start()
        daemon.wait_for_polls(2)
        self.tenant.register_key(self.user("ahead"), at=times.now() - 3 * 3600 * times.SECOND)
        self.eventually(daemon, lambda: self.figure(daemon, "keysync_registrations_total", domain=self.dc.realm,
                                                    usage="NGC") == 1, "a registration of Graph's present")

    def test_report_and_explain_with_exported_logs_alone_show_who_waits(self):
        self.tenant.register_key(self.user("waiting"))
        self.tenant.register_key(self.user("waiting2"), usage="FIDO")
        logs = self.folder / "alone"
        Exporter(self.tenant, str(logs)).write()
        daemon = self.daemon(entra={"audit_files": [str(logs / "*.json")]})
        done = self.command(daemon, "explain", "waiting", "--format=json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([key["state"] for key in json.loads(done.stdout)["keys"]], ["pending"])
        done = self.command(daemon, "report", "--format=json")
        self.assertEqual(done.returncode, 0, done.stderr)
        waiting = json.loads(done.stdout)["waiting"]
        self.assertEqual(sorted(key["usage"] for key in waiting), ["FIDO", "NGC"])

    def test_records_that_cannot_be_read_are_counted_once_by_source(self):
        self.entra.graph.set_throttle(None)
        self.user("broken")
        self.tenant.add_event(f"broken@{self.dc.realm}", ADDED, operation="Add", names="none")
        logs = self.folder / "broken"
        Exporter(self.tenant, str(logs)).write()
        with open(logs / "audit.json", "a", encoding="utf-8") as file:
            file.write('{"this is": no JSON}\n')
        daemon = self.daemon(poll_interval="1s", reports_limit=100, audit_files=[str(logs / "*.json")]).start()
        counted = lambda: tuple(self.figure(daemon, "keysync_malformed_records_total", source=source)  # noqa: E731
                                for source in ("graph", "audit_file"))
        self.eventually(daemon, lambda: counted() == (1, 2), "one by Graph, two in the file")
        daemon.wait_for_polls(3)
        daemon.stop()
        daemon.start()
        daemon.wait_for_polls(2)
        self.assertEqual(counted(), (1, 2), "read again with the overlap, and after a restart")

    def test_how_the_tenant_synchronises_is_shown_where_it_may_be_read(self):
        self.tenant.mark_synced()
        daemon = self.daemon(poll_interval="1s", reports_limit=100).start()
        shown = lambda: json.loads(daemon.get("/api/v1/status")[1])["entra_sync"]  # noqa: E731
        self.eventually(daemon, lambda: shown()["password_sync"] is True, "the features")
        self.assertEqual((shown()["enabled"], shown()["device_writeback"]), (True, False))
        self.assertLessEqual(abs(times.parse(shown()["last_password_sync"]) - times.now()), 60 * times.SECOND)
        self.assertIn("password sync on", self.command(daemon, "check", "--online").stdout)
        self.entra.graph.deny("sync_features")
        self.assertIn("its features are not shown", self.command(daemon, "check", "--online").stdout)
        self.assertEqual(len(self.entra.requests_seen("sync_features")), 3, "the daemon reads them once an hour")

    def test_an_old_last_sync_is_a_standstill_only_while_somebody_reads_it(self):
        self.entra.graph.set_throttle(None)
        self.tenant.mark_synced(at=times.now() - 3600 * times.SECOND)
        self.tenant.register_key(self.user("leftout"), at=times.now() - 60 * times.SECOND)
        written = self.tenant.register_key(self.user("written"), at=times.now() - 30 * times.SECOND)
        daemon = self.daemon(poll_interval="1s", reports_limit=100,
                             filter="(|(sAMAccountName=leftout)(sAMAccountName=written))")
        daemon.configuration["sync"] = {"cycle": "5s", "grace": "1s"}
        daemon.write_configuration()
        daemon.start()
        self.write("written", written)
        self.eventually(daemon, lambda: self.keys(daemon, "synced") == 1, "the other's key")
        cause = lambda name: self.figure(daemon, "keysync_overdue_keys", domain=self.dc.realm, cause=name)  # noqa: E731
        self.eventually(daemon, lambda: cause("sync_stalled") == 1, "told by the tenant's last sync")
        self.entra.graph.deny("organization")
        self.eventually(daemon, lambda: (cause("sync_stalled"), cause("unknown")) == (0, 1),
                        "a cycle after the last reading")
        told = json.loads(daemon.get("/api/v1/keys?state=overdue")[1])["keys"]
        self.assertEqual([key["cause"] for key in told], ["unknown"], "the page says the same")
        self.entra.graph.allow("organization")
        self.eventually(daemon, lambda: cause("sync_stalled") == 1, "read again")
        self.tenant.mark_synced()
        self.eventually(daemon, lambda: cause("unknown") == 1, "the sync runs again")


if __name__ == "__main__":
    children.exit_on_signals()
    unittest.main(verbosity=1)
