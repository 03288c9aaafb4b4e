#!/usr/bin/python3
"""GraphReader over real TLS against the Entra stand-in: the main path, and every misbehaviour of Graph and the network."""

import json
import pathlib
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from entra_standin import EntraStandin, times
from graph_probe import GraphProbe

PROBE = sys.argv.pop(1)


class GraphTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="keysyncd-entra-")
        self.addCleanup(directory.cleanup)
        self.entra = EntraStandin(directory.name, throttle=None, seed=7).start()
        self.addCleanup(self.entra.stop)
        self.tenant = self.entra.tenant

    def probe(self, environment=None, **settings):
        made = GraphProbe(PROBE, self.entra.configuration(**{"reports_window_ms": 50, **settings}), environment)
        self.addCleanup(made.close)
        return made

    def add_keys(self, count, **arguments):
        user = self.tenant.user("jane@corp.test") or self.tenant.add_user("jane@corp.test", sid="S-1-5-21-1-2-3-1104")
        return [self.tenant.register_key(user["id"], **arguments) for _ in range(count)]

    def assert_failure(self, outcome, failure, *words):
        self.assertIn("error", outcome)
        self.assertEqual(outcome["error"]["failure"], failure, outcome["error"]["detail"])
        for word in words:
            self.assertIn(word, outcome["error"]["detail"])


class MainPathTest(GraphTest):
    def test_registrations_and_deletions_of_both_kinds_arrive_with_their_times(self):
        [key] = self.add_keys(1, at="2026-01-09T21:20:02.7215374Z")
        [fido] = self.add_keys(1, usage="FIDO", at="2026-01-09T21:21:00Z")
        self.tenant.delete_key(key["key_id"], at="2026-01-09T22:00:00Z")
        self.tenant.add_event("jane@corp.test", "Update device", at="2026-01-09T21:20:00Z")
        self.tenant.add_event("jane@corp.test", "Add Windows Hello for Business credential", result="failure")
        outcome = self.probe().registrations()
        self.assertNotIn("error", outcome)
        self.assertEqual([(e["kind"], e["key_kind"], e["at"]) for e in outcome["events"]],
                         [("registered", "ngc", "2026-01-09T21:20:02.7215374Z"),
                          ("registered", "fido", "2026-01-09T21:21:00.0000000Z"),
                          ("deleted", "ngc", "2026-01-09T22:00:00.0000000Z")])
        self.assertEqual(outcome["events"][1]["event_id"], fido["event_id"])
        self.assertEqual(outcome["requests"], ["token 200", "audit 200"])
        self.assertLess(abs(outcome["clock_offset"]), 1.5)

    def test_the_start_time_is_part_of_the_question(self):
        self.add_keys(1, at="2026-01-09T21:20:02Z")
        [late] = self.add_keys(1, at="2026-01-09T21:20:04Z")
        outcome = self.probe().registrations("2026-01-09T21:20:03Z")
        self.assertEqual([e["event_id"] for e in outcome["events"]], [late["event_id"]])

    def test_pages_are_followed_to_the_end_and_the_token_is_used_again(self):
        keys = self.add_keys(1203)
        probe = self.probe()
        outcome = probe.registrations()
        self.assertEqual([e["event_id"] for e in outcome["events"]], [key["event_id"] for key in keys])
        self.assertEqual(outcome["requests"], ["token 200"] + ["audit 200"] * 3)
        self.assertEqual(probe.registrations()["requests"], ["audit 200"] * 3)

    def test_answers_come_compressed(self):
        self.add_keys(500)
        outcome = self.probe().registrations()
        self.assertEqual(len(outcome["events"]), 500)
        [seen] = self.entra.requests_seen("audit")
        self.assertIn("gzip", seen["encoding"])

    def test_users_are_named_in_every_way_that_the_log_has(self):
        user = self.tenant.add_user("jane@corp.test")
        for names in ("both", "upn", "initiator", "id"):
            self.tenant.register_key(user["id"], names=names)
        found = [(e["user_id"], e["user_principal_name"]) for e in self.probe().registrations()["events"]]
        name, identifier = "jane@corp.test", user["id"]
        self.assertEqual(found, [(identifier, name), ("", name), (identifier, ""), (identifier, "")])

    def test_late_repeated_and_disordered_events_come_as_they_are(self):
        self.tenant.hold_events()
        [late] = self.add_keys(1)
        self.tenant.hold_events(False)
        [twice] = self.add_keys(1)
        self.tenant.repeat_event(twice["event_id"], 2)
        probe = self.probe()
        ids = lambda: sorted(e["event_id"] for e in probe.registrations()["events"])  # noqa: E731
        self.assertEqual(ids(), [twice["event_id"]] * 2)
        self.tenant.release_events()
        self.tenant.disorder_events(3)
        self.assertEqual(ids(), sorted([late["event_id"]] + [twice["event_id"]] * 2))

    def test_a_user_is_found_by_id_and_by_name_with_what_ties_it_to_the_directory(self):
        user = self.tenant.add_user("jane#ext#@corp.test", sid="S-1-5-21-1-2-3-1104", immutable_id="AAECAw==",
                                    provisioning_errors=[{"category": "PropertyConflict"}])
        cloud = self.tenant.add_user("cloud@corp.test", synced=False)
        probe = self.probe()
        for name in (user["id"], "jane#ext#@corp.test", "JANE#EXT#@CORP.TEST"):
            found = probe.call("user", user=name)["user"]
            self.assertEqual((found["id"], found["sid"], found["immutable_id"], found["sync_enabled"],
                              found["provisioning_errors"]),
                             (user["id"], "S-1-5-21-1-2-3-1104", "AAECAw==", True, True))
        self.assertIsNone(probe.call("user", user=cloud["id"])["user"]["sync_enabled"])
        self.assertIsNone(probe.call("user", user="nobody@corp.test")["user"])

    def test_the_organization_tells_the_last_sync(self):
        probe = self.probe()
        self.assertIsNone(probe.call("organization")["last_sync"])
        self.tenant.mark_synced("2026-01-09T21:30:00Z")
        outcome = probe.call("organization")
        self.assertEqual((outcome["sync_enabled"], outcome["last_sync"]), (True, "2026-01-09T21:30:00.0000000Z"))

    def test_a_query_with_or_that_graph_refuses_becomes_one_query_an_activity(self):
        self.entra.graph.set_audit_limits(refuse_or=True)
        keys = self.add_keys(2) + self.add_keys(1, usage="FIDO")
        outcome = self.probe().registrations()
        self.assertEqual({e["event_id"] for e in outcome["events"]}, {key["event_id"] for key in keys})
        self.assertEqual(outcome["requests"][1], "audit 400")

    def test_a_page_size_that_graph_refuses_is_halved(self):
        self.entra.graph.set_audit_limits(max_top=200)
        self.add_keys(130)
        outcome = self.probe().registrations()
        self.assertEqual(len(outcome["events"]), 130)
        self.assertEqual(outcome["requests"], ["token 200", "audit 400", "audit 400", "audit 200", "audit 200"])


class TokenTest(GraphTest):
    def test_errors_carry_microsofts_code_and_what_to_do(self):
        self.entra.write_secret("wrong")
        self.assert_failure(self.probe().registrations(), "token", "AADSTS7000215", "not its id")
        self.entra.write_secret(self.entra.tokens.secret)
        self.entra.tokens.expire_secret()
        self.assert_failure(self.probe().registrations(), "token", "AADSTS7000222", "make a new one")
        self.assert_failure(self.probe(client_id="stranger").registrations(), "token", "AADSTS700016", "entra.client_id")
        self.assert_failure(self.probe(tenant_id="elsewhere").registrations(), "token", "AADSTS90002", "entra.tenant_id")

    def test_no_error_holds_the_secret(self):
        self.entra.write_secret("very-secret-value")
        outcome = self.probe().registrations()
        self.assertNotIn("very-secret-value", json.dumps(outcome))

    def test_a_rotated_secret_is_used_without_a_restart(self):
        probe = self.probe()
        self.assertNotIn("error", probe.registrations())
        self.entra.tokens.set_secret("the-new-one")
        self.entra.tokens.revoke_tokens()
        self.entra.write_secret("the-new-one")
        self.assertNotIn("error", probe.registrations())

    def test_a_token_is_renewed_before_it_ends(self):
        self.entra.tokens.set_token_lifetime(8)  # renewed a quarter, two seconds, before its end
        probe = self.probe()
        probe.registrations()
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            outcome = probe.registrations()
            self.assertNotIn("audit 401", outcome["requests"])
            if "token 200" in outcome["requests"]:
                return
            time.sleep(0.1)
        self.fail("no new token in five lifetimes")

    def test_a_missing_secret_file_is_told_with_its_path(self):
        self.assert_failure(self.probe(credential={"secret_file": "/nonexistent/secret"}).registrations(), "token",
                            "/nonexistent/secret")


class MisbehaviourTest(GraphTest):
    def fault(self, kind, endpoint="audit", **parameters):
        self.entra.faults.add_fault(endpoint, kind, **parameters)

    def test_401_in_the_middle_of_the_pages_gets_a_new_token_and_goes_on(self):
        self.add_keys(1100)
        self.fault("status", skip=1, status=401, code="InvalidAuthenticationToken")
        outcome = self.probe().registrations()
        self.assertEqual(len({e["event_id"] for e in outcome["events"]}), 1100)
        self.assertEqual(outcome["requests"],
                         ["token 200", "audit 200", "audit 401", "token 200", "audit 200", "audit 200"])

    def test_401_for_good_ends_as_unauthorized(self):
        self.fault("status", times=9, status=401, code="InvalidAuthenticationToken", message="no")
        self.assert_failure(self.probe().registrations(), "unauthorized", "InvalidAuthenticationToken", "clock")

    def test_403_tells_the_reason_and_the_mend(self):
        self.entra.graph.deny("audit")
        self.assert_failure(self.probe().registrations(), "forbidden", "Authorization_RequestDenied",
                            "AuditLog.Read.All and Directory.Read.All")
        self.entra.graph.deny("audit", "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "No licence.")
        self.assert_failure(self.probe().registrations(), "forbidden", "licence", "entra.audit_files")

    def test_429_with_retry_after_in_seconds_is_waited_for(self):
        self.add_keys(1)
        self.fault("status", status=429, headers={"Retry-After": "1"})
        started = time.monotonic()
        outcome = self.probe().registrations()
        self.assertEqual(len(outcome["events"]), 1)
        self.assertGreaterEqual(time.monotonic() - started, 1.0)
        self.assertGreaterEqual(outcome["throttled_seconds"], 1.0)

    def test_429_with_retry_after_as_a_date_is_waited_for(self):
        self.add_keys(1)
        until = time.time() + 6  # the default back-off would be over in two seconds
        self.fault("status", status=429, headers={"Retry-After": time.strftime("%a, %d %b %Y %H:%M:%S GMT",
                                                                               time.gmtime(until))})
        outcome = self.probe().registrations()
        self.assertEqual(len(outcome["events"]), 1)
        self.assertGreaterEqual(time.time(), int(until))

    def test_429_without_retry_after_backs_off_by_itself(self):
        self.add_keys(1)
        self.fault("status", status=429)
        outcome = self.probe().registrations()
        self.assertEqual(len(outcome["events"]), 1)
        self.assertGreaterEqual(outcome["throttled_seconds"], 0.9)

    def test_a_silence_longer_than_our_patience_is_kept_and_told(self):
        self.fault("status", status=429, headers={"Retry-After": "3600"})
        probe = self.probe()
        self.assert_failure(probe.registrations(), "throttled")
        again = probe.registrations()
        self.assert_failure(again, "throttled", "wait")
        self.assertEqual(again["requests"], [])

    def test_500s_pass_or_end_as_server_trouble(self):
        self.add_keys(1)
        self.fault("status", times=2, status=500)
        self.assertEqual(len(self.probe().registrations()["events"]), 1)
        self.fault("status", times=9, status=502)
        self.assert_failure(self.probe(patience_ms=15000).registrations(), "server", "502")

    def test_a_stalled_body_ends_at_the_deadline(self):
        self.fault("stall", times=9)
        started = time.monotonic()
        self.assert_failure(self.probe(request_deadline_ms=1000, patience_ms=1500).registrations(), "timeout")
        self.assertLess(time.monotonic() - started, 8)

    def test_a_stop_ends_a_stalled_request_within_two_seconds(self):
        probe = self.probe()
        probe.registrations()  # the probe's start, and a token, are no part of what is measured
        self.fault("stall", times=9)
        started = time.monotonic()
        self.assert_failure(probe.registrations(stop_after_ms=300), "stopped")
        self.assertLess(time.monotonic() - started, 2.3)

    def test_a_stop_ends_a_throttled_wait_at_once(self):
        probe = self.probe()
        probe.registrations()
        self.fault("status", status=429, headers={"Retry-After": "20"})
        started = time.monotonic()
        self.assert_failure(probe.registrations(stop_after_ms=300), "stopped")
        self.assertLess(time.monotonic() - started, 2)

    def test_a_truncated_body_is_no_answer(self):
        self.add_keys(3)
        self.fault("truncate")
        self.assert_failure(self.probe().registrations(), "bad_answer")

    def test_a_closed_connection_is_tried_again(self):
        self.add_keys(1)
        self.fault("drop")
        self.assertEqual(len(self.probe().registrations()["events"]), 1)

    def test_a_link_to_another_host_is_refused_and_gets_no_token(self):
        for link in ("https://graph.example.net/v1.0/next", "http://127.0.0.1:%d/v1.0/next" % self.entra.port,
                     "https://127.0.0.1:1/v1.0/next", "https://user@127.0.0.1:%d/next" % self.entra.port, "/relative"):
            self.fault("foreign_link", link=link)
            self.assert_failure(self.probe().registrations(), "refused_link", "nextLink")

    def test_a_page_that_leads_back_to_itself_is_read_once(self):
        self.add_keys(1)
        self.fault("page_loop", times=99)
        outcome = self.probe().registrations()
        self.assert_failure(outcome, "refused_link", "already read")
        self.assertEqual(len(outcome["events"]), 1)

    def test_a_body_of_a_gigabyte_is_cut_off(self):
        self.fault("huge", bytes=1 << 30)
        started = time.monotonic()
        self.assert_failure(self.probe(max_body_bytes=1 << 20).registrations(), "too_large", "1048576")
        self.assertLess(time.monotonic() - started, 10)

    def test_a_small_body_that_gzip_blows_up_is_cut_off(self):
        self.fault("gzip_bomb", bytes=256 << 20)
        probe = self.probe(max_body_bytes=1 << 20)
        self.assert_failure(probe.registrations(), "too_large", "1048576")
        self.assertLess(probe.peak_memory(), 128 << 20)

    def test_a_sign_in_page_is_not_taken_for_an_answer(self):
        self.fault("content_type")
        self.assert_failure(self.probe().registrations(), "bad_answer", "text/html", "proxy")

    def test_a_body_that_is_no_json_is_told(self):
        self.fault("not_json")
        self.assert_failure(self.probe().registrations(), "bad_answer", "JSON")

    def test_unknown_members_do_no_harm(self):
        self.add_keys(2)
        self.fault("unknown_members")
        self.assertEqual(len(self.probe().registrations()["events"]), 2)

    def test_a_clock_that_is_off_shows(self):
        self.entra.set_clock_skew(-3600)
        self.assertAlmostEqual(self.probe().call("organization")["clock_offset"], -3600, delta=2)

    def test_a_certificate_of_nobody_we_trust_is_refused(self):
        self.assert_failure(self.probe(ca_file="").call("organization"), "tls", "entra.ca_file")

    def test_nobody_listens(self):
        self.assert_failure(self.probe(authority_url="https://127.0.0.1:1", patience_ms=100).call("organization"),
                            "connect", "127.0.0.1:1")

    def test_a_broken_record_is_told_and_skipped(self):
        self.add_keys(1)
        self.tenant.add_event("jane@corp.test", "Add Windows Hello for Business credential", names="none")
        outcome = self.probe().registrations()
        self.assertEqual(len(outcome["events"]), 1)
        self.assertEqual(len(outcome["malformed"]), 1)
        self.assertIn("names a user", outcome["malformed"][0])


class ThrottleTest(GraphTest):
    def test_the_limit_of_the_reports_family_is_never_exceeded_by_our_own_doing(self):
        self.entra.graph.set_throttle(5, 10.0)
        probe = self.probe(reports_window_ms=10050)
        self.add_keys(6 * 500 + 1)
        outcome = probe.registrations()
        self.assertEqual(len(outcome["events"]), 3001)
        self.assertNotIn("audit 429", outcome["requests"])
        self.assertEqual(outcome["requests"].count("audit 200"), 7)
        at = [times.parse(r["at"]) for r in self.entra.requests_seen("audit")]
        self.assertTrue(all(later - earlier >= 10 * times.SECOND for earlier, later in zip(at, at[5:])))


if __name__ == "__main__":
    unittest.main()
