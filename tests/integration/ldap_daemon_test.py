#!/usr/bin/python3
"""The daemon against directory stand-ins: dead domains beside living ones, stops in the middle of everything that can
hang, certificates that must be refused, moved users, clocks, exact writes, lost servers, waiting for nothing."""

import contextlib
import pathlib
import signal
import socket
import subprocess
import sys
import time
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import key_blob
from directory_standin import BASE, metadata_binary, raw, user
from lab import children, exposition
from lab.addresses import AddressLease
from lab.certificates import CertificateAuthority
from standin_daemon import OnStandins, key_made_at

@contextlib.contextmanager
def black_hole(address="127.0.0.1", port=0):
    """host:port of a peer that answers no connection: its queue is full, so that the kernel drops what comes."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield "{}:{}".format(*listener.getsockname())


class SeveralDomainsTest(OnStandins):
    def test_a_dead_domain_and_a_dns_that_never_answers_delay_nothing_else(self):
        alive = self.standin(user("ada", [key_made_at(time.time() - 60)[1]]))
        lease = AddressLease(ports=(53,))
        self.addCleanup(lease.close)
        dns = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        dns.bind((lease.address, 53))
        resolv_conf = self.folder / "resolv.conf"
        resolv_conf.write_text(f"nameserver {lease.address}\n")
        with black_hole() as dead:
            daemon = self.daemon(self.of_standin(alive), self.domain("dead.test", f"ldaps://{dead}"),
                                 self.domain("unnamed.test", "ldaps://dc1.unnamed.test"),
                                 etc={"resolv.conf": resolv_conf})
            daemon.start(ready=False)
            polls = exposition.key("keysync_polls_total", source="ldap", domain="standin.test")
            # Each first try hangs for ten seconds. Meanwhile the living one is read, again and again.
            self.assertTrue(children.wait_until(lambda: daemon.scrape()[polls] >= 2, 20), daemon.log_tail())
            for hung in ("dead.test", "unnamed.test"):
                self.assertNotIn(f"domain={hung}", daemon.log.read_text(), "it should hang still")
            self.waits_for_log(daemon, "dead.test", "reason=timeout", deadline=30)
            self.waits_for_log(daemon, "unnamed.test", "reason=resolve", deadline=30)
            before = daemon.scrape()[polls]
            self.assertTrue(children.wait_until(lambda: daemon.scrape()[polls] >= before + 2, 20), daemon.log_tail())
            samples = daemon.scrape()
            self.assertEqual(samples[exposition.key("keysync_source_up", source="ldap", domain="standin.test",
                                                    server=alive.uri)], 1)
            self.assertEqual(samples[exposition.key("keysync_source_up", source="ldap", domain="dead.test",
                                                    server=f"ldaps://{dead}")], 0)
            self.assertEqual(daemon.status_of("/-/ready"), 503)
            begun = time.monotonic()
            self.assertEqual(daemon.stop(), 0)
            self.assertLess(time.monotonic() - begun, 8, "ten seconds is what each hangs, in connect and in the DNS")

    def test_an_address_that_swallows_everything_leaves_time_for_the_next_one(self):
        authority = CertificateAuthority(self.folder / "tls", "CA of the forest")
        standin = self.standin(user("ada", [key_made_at(time.time() - 60)[1]]),
                               certificate=authority.issue("dc", ["dc.two.test"]))
        port = int(standin.uri.rpartition(":")[2])
        hosts = self.folder / "hosts"
        with black_hole("127.77.99.9", port) as dead:
            hosts.write_text(f"127.0.0.1 localhost\n{dead.rpartition(':')[0]} dc.two.test\n127.0.0.1 dc.two.test\n")
            daemon = self.daemon(self.domain("standin.test", f"ldaps://dc.two.test:{port}", authority.ca_file),
                                 etc={"hosts": hosts})
            daemon.start()
            self.assertEqual(daemon.stop(), 0)

    def test_a_user_that_moves_between_domains_keeps_its_keys(self):
        # Both orders: the new domain is read before the old one notices, and after.
        for order in ("new domain first", "old domain first"):
            with self.subTest(order=order):
                blob = key_made_at(time.time() - 600)[1]
                changed = int(time.time()) - 300
                guid = [raw(uuid.uuid4().bytes_le)]
                child = "DC=child,DC=standin,DC=test"
                other = key_made_at(time.time() - 10**7, usage="STK")[1]  # keeps showing that keys may be read
                here = self.standin(user("ada", [blob], changed=changed, objectGUID=guid), user("eve", [other], usn=101))
                there = self.standin(user("ada", usn=102, base=child, changed=changed, objectGUID=guid),
                                     user("fay", [other], usn=101, base=child), base=child)
                daemon = self.daemon(self.of_standin(here, full_sweep_interval="1s"),
                                     self.of_standin(there, "child.standin.test", full_sweep_interval="1s"), name=order)
                daemon.start()

                def ngc(domain, **values):
                    keys = {}
                    for name, value in values.items():
                        state = {"state": name.removesuffix("_keys")} if name.endswith("_keys") else {}
                        family = "keysync_keys" if state else f"keysync_{name}_total"
                        keys[exposition.key(family, domain=domain, usage="NGC", **state)] = value
                    return keys

                self.shows(daemon, ngc("standin.test", synced_keys=1, writes=1, removals=0))
                old, new = f"CN=ada,{BASE}", f"CN=ada,{child}"
                leaves = lambda: here.set(old, "msDS-KeyCredentialLink")  # noqa: E731
                arrives = lambda: there.set(new, "msDS-KeyCredentialLink", key_blob.dn_binary(blob, new))  # noqa: E731
                first, second = (arrives, leaves) if order == "new domain first" else (leaves, arrives)
                first()
                daemon.wait_for_polls(2)
                second()
                daemon.wait_for_polls(2)
                self.shows(daemon, ngc("child.standin.test", synced_keys=1, writes=0, removals=0))
                removals = 0 if order == "new domain first" else 1
                self.shows(daemon, ngc("standin.test", synced_keys=0, writes=1, removals=removals))
                measured = [value for (name, _), value in daemon.scrape().items() if name == "keysync_delay_seconds_count"]
                self.assertEqual(sum(measured), 1, "measured once, where it was written")
                daemon.stop()


class StopTest(OnStandins):
    def stops_at_once(self, daemon, what):
        begun = time.monotonic()
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.process.wait(20), 0)
        self.assertLess(time.monotonic() - begun, 8, f"{what}: it hangs for ten seconds and more")
        daemon.stop()

    def test_a_server_that_hangs_anywhere_does_not_delay_the_stop(self):
        for fault, sign in (("stalled_handshake", "connect"), ("silent_bind", "bind"), ("silent", "objectGUID")):
            with self.subTest(hangs_in=fault):
                standin = self.standin(user("ada", [key_made_at(time.time() - 60)[1]]))
                standin.fault(**{fault: True})
                daemon = self.daemon(self.of_standin(standin), name=fault)
                daemon.start(ready=False)
                seen = []
                self.assertTrue(children.wait_until(
                    lambda: seen.extend(standin.doings()) or any(sign in line for line in seen), 20), seen)
                self.stops_at_once(daemon, fault)


class CertificatesTest(OnStandins):
    def test_each_server_that_must_be_refused_is_refused_with_its_reason(self):
        authority = CertificateAuthority(self.folder / "tls", "CA of the forest")
        here = {"addresses": ["127.0.0.1"]}
        good = authority.issue("good", ["localhost"], **here)
        alone = CertificateAuthority(self.folder / "alone", "dc1.standin.test")
        self_signed = self.folder / "self-signed.pem", self.folder / "self-signed.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=dc1.standin.test",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-days", "9", "-keyout", self_signed[1], "-out",
                        self_signed[0]], check=True, stderr=subprocess.DEVNULL)
        servers = {
            "expired": ((authority.issue("expired", **here, days=-5), ()), ("has expired on ", "renew it")),
            "name": ((authority.issue("name", ["dc9.elsewhere.test"]), ()),
                     ("not for 127.0.0.1", "dc9.elsewhere.test", "subjectAltName")),
            "unknown": ((alone.issue("unknown", **here), ()), ("authority that issued", "set tls.ca_file")),
            "self-signed": ((self_signed, ()), ("self-signed", "tls.ca_file")),
            "old-tls": ((good, ("old-tls",)), ("no TLS 1.2 or newer", "enable it on the domain controller"))}
        domains = []
        for name, ((certificate, arguments), _) in servers.items():
            standin = self.standin(certificate=certificate, arguments=arguments)
            domains.append(self.domain(f"{name}.test", standin.uri, authority.ca_file))
        daemon = self.daemon(*domains)
        code, out = self.check_online(daemon)
        self.assertEqual(code, 1, out)
        daemon.start(ready=False)
        for name, (_, words) in servers.items():
            with self.subTest(server=name):
                line = next((line for line in out.splitlines() if line.startswith(f"fail {name}.test")), None)
                self.assertIsNotNone(line, out)
                self.assertIn(" tls: ", line)
                for word in words:
                    self.assertIn(word, line)
                logged = self.waits_for_log(daemon, f"domain={name}.test", "reason=tls")
                for word in words:
                    self.assertIn(word, logged[0])


class MeasuringTest(OnStandins):
    def measured(self, daemon, **labels):
        return exposition.key("keysync_measurements_total", domain="standin.test", **labels)

    def test_exact_writes_are_measured_and_users_without_news_never_asked_about(self):
        now = int(time.time())
        exact, bounded = key_made_at(now - 700)[1], key_made_at(now - 800)[1]
        standin = self.standin(
            user("ada", [exact], changed=now - 10, metadata=[metadata_binary(exact, now - 100)]),
            user("bob", [bounded], usn=101, changed=now - 200), user("cyd", usn=102),
            user("old", [key_made_at(now - 10**7)[1]], usn=103))
        daemon = self.daemon(self.of_standin(standin, full_sweep_interval="1s"))
        daemon.start()
        total = exposition.key("keysync_delay_seconds_sum", domain="standin.test", usage="NGC")
        self.shows(daemon, {self.measured(daemon, precision="exact"): 1, self.measured(daemon, precision="bounded"): 1})
        # ada's by its metadata, though other changes came after; bob's by whenChanged. Our own clock is the server's.
        self.assertAlmostEqual(daemon.scrape()[total], (700 - 100) + (800 - 200), delta=0.001)
        asked = {line.split(" ?")[0] for line in standin.searches() if "msDS-ReplValueMetaData" in line}
        self.assertEqual(len(asked), 2, "the first sweep asks about ada and bob alone")
        daemon.wait_for_polls(3)
        self.assertEqual([line for line in standin.searches() if "msDS-ReplValueMetaData" in line], [],
                         "sweeps without news ask nobody")

    def test_a_clock_that_differs_is_told_widens_what_is_bounded(self):
        now = int(time.time())
        # By the clock of the server they were written 100 s ago, by ours 70 s ago at the latest: ada's came after 530 s,
        # bob's after 20 s, cyd's would have been written before it was made, within the offset, and dan's beyond it.
        made = {"ada": 600, "bob": 90, "cyd": 60, "dan": 20}
        standin = self.standin(*(user(name, [key_made_at(now - age)[1]], usn=100 + number, changed=now - 100)
                                 for number, (name, age) in enumerate(made.items())))
        standin.command(state={"clock_offset": 30})
        daemon = self.daemon(self.of_standin(standin))
        daemon.start()
        samples = daemon.scrape()
        offset = samples[exposition.key("keysync_clock_offset_seconds", peer=standin.uri)]
        self.assertAlmostEqual(offset, 30, delta=1.5)
        self.waits_for_log(daemon, "level=warn", "clock differs", standin.uri)
        standin.command(state={"clock_offset": 0})
        sound = lambda: abs(daemon.scrape()[exposition.key("keysync_clock_offset_seconds", peer=standin.uri)]) < 2  # noqa: E731
        self.assertTrue(children.wait_until(sound, 20))
        standin.command(state={"clock_offset": 30})
        told = lambda: daemon.log.read_text().count("clock differs") == 2  # noqa: E731
        self.assertTrue(children.wait_until(told, 20), "a clock that drifts again is told again")
        labels = {"domain": "standin.test", "usage": "NGC"}
        self.shows(daemon, {
            exposition.key("keysync_delay_seconds_count", **labels): 3,
            exposition.key("keysync_delay_seconds_bucket", le="60", **labels): 2,
            exposition.key("keysync_malformed_values_total", domain="standin.test", kind="created_after_written"): 1})
        self.assertAlmostEqual(daemon.scrape()[exposition.key("keysync_delay_seconds_sum", **labels)], 530 + 20, delta=3)
        code, out = self.check_online(daemon)
        self.assertEqual(code, 0, out)
        self.assertRegex(out, r"(?m)^warn standin\.test .*the clock is \+(29|30|31)\.\d s from ours: check both")


class LostServerTest(OnStandins):
    def test_a_domain_controller_that_is_lost_for_good_blinds_no_restart(self):
        blob = key_made_at(time.time() - 60)[1]
        authority = CertificateAuthority(self.folder / "tls", "CA of the forest")
        first, second = (self.standin(user("ada", [blob], usn=usn), highest_usn=1000,
                                      certificate=authority.issue(name, ["localhost"], ["127.0.0.1"]))
                         for name, usn in (("first", 700), ("second", 40)))
        # What the first committed after 700 was about no user, and never left it.
        second.has_received(**{first.invocation_id.hex: 700})
        daemon = self.daemon(self.domain("standin.test", first.uri, authority.ca_file, servers=[first.uri, second.uri]))
        daemon.start()
        self.assertEqual(daemon.stop(), 0)
        first.close()
        daemon.start(deadline=60)
        for _ in range(2):
            daemon.wait_for_polls(2)
            up = exposition.key("keysync_source_up", source="ldap", domain="standin.test", server=second.uri)
            self.assertEqual(daemon.scrape()[up], 1)
            self.assertNotIn("has not received yet", daemon.log.read_text())
            self.assertEqual(daemon.stop(), 0)
            daemon.start(deadline=60)


class RefusalsTest(OnStandins):
    def test_a_server_that_knows_no_control_is_refused_and_never_waited_for(self):
        standin = self.standin(user("ada", [key_made_at(time.time() - 60)[1]]))
        standin.fault(unknown_controls=True)
        daemon = self.daemon(self.of_standin(standin))
        begun = time.monotonic()
        code, out = self.check_online(daemon)
        self.assertLess(time.monotonic() - begun, 20, "an answer had come at once, it waits 30 s for one")
        self.assertEqual(code, 1, out)
        self.assertRegex(out, r"(?m)^fail standin\.test .*(control|extension)")


if __name__ == "__main__":
    children.exit_on_signals()
    unittest.main(verbosity=1)
