"""The benchmarks themselves; tests/bench/run builds and starts this. Everything is measured side by side in one run, on
servers of its own, and told as a ratio with the bound that it has to keep."""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

from audit_feed import audit_feed
from lab import children, exposition
from lab.addresses import free_port
from lab.errors import LabError
from lab.keysyncd_process import KeysyncdProcess
from measure import cpu_nanoseconds, cpu_seconds, percentile, request_seconds, resident_bytes
from slapd_estate import BASE, BIND_DN, SlapdEstate

# What keysyncd asks for of each user.
_ATTRIBUTES = ("objectGUID objectSid mS-DS-ConsistencyGuid userPrincipalName sAMAccountName adminCount "
               "userAccountControl whenChanged uSNChanged isDeleted msDS-KeyCredentialLink").split()
_FILTER = "(&(objectCategory=person)(objectClass=user)(msDS-KeyCredentialLink=*))"


class Report:
    def __init__(self):
        self.kept = True

    def tell(self, what, figures, ratio=None, bound=None):
        """`bound`: the highest ratio (or figure) allowed."""
        verdict = ""
        if bound is not None:
            kept = ratio <= bound
            self.kept &= kept
            verdict = f"  {ratio:.2f}, at most {bound:g}: {'kept' if kept else 'NOT KEPT'}"
        print(f"{what:<28} {figures}{verdict}", flush=True)


class Blackbox:
    """prometheus-blackbox-exporter, the measure of an exporter's footprint."""

    def __init__(self, folder):
        self.address = f"127.0.0.1:{free_port()}"
        configuration = folder / "blackbox.yml"
        configuration.write_text("modules: {}\n")
        self.process = children.start(
            ["prometheus-blackbox-exporter", f"--config.file={configuration}", f"--web.listen-address={self.address}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not children.wait_until(lambda: _answers(self.address), 30):
            raise LabError("prometheus-blackbox-exporter does not answer")


def _answers(address):
    try:
        return request_seconds(address) > 0
    except OSError:
        return False


def daemon_for(folder, estate, name="keysyncd"):
    return KeysyncdProcess(folder / name, {"domains": [{
        "name": "bench.test", "servers": [estate.uri],
        "bind": {"method": "simple", "dn": BIND_DN, "password_file": str(estate.password_file)},
        "tls": {"ca_file": str(estate.ca_file)}, "change_tracking": "usn", "poll_interval": "1s",
        "full_sweep_interval": "30d"}]})


def ldapsearch(estate):
    """(wall, CPU) seconds of reading the same with ldapsearch to /dev/null."""
    begun, before = time.monotonic(), os.times()
    subprocess.run(["ldapsearch", "-H", estate.uri, "-x", "-D", BIND_DN, "-y", estate.password_file, "-LLL", "-o", "ldif-wrap=no",
                    "-E", "pr=1000/noprompt", "-b", BASE, _FILTER, *_ATTRIBUTES],
                   env={**os.environ, "LDAPTLS_CACERT": str(estate.ca_file)}, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL)
    after = os.times()
    return (time.monotonic() - begun,
            after.children_user - before.children_user + after.children_system - before.children_system)


def first_sweep(daemon, estate, meanwhile):
    """Starts the daemon on an empty ledger; (wall, CPU) seconds until every user is read and recorded."""
    begun = time.monotonic()
    daemon.start(ready=False)
    while daemon.status_of("/-/ready") != 200:
        daemon.check()
        if time.monotonic() - begun > 60 + estate.users / 1000:
            raise LabError(f"the first sweep does not end; {daemon.log_tail()}")
        meanwhile()
    return time.monotonic() - begun, cpu_seconds(daemon.process.pid)


def sweep(report, folder, estate, blackbox):
    """First starts on the whole directory: between searches of the same, and once with scrapes of both exporters."""
    searches, sweeps = [ldapsearch(estate)], []
    for attempt in range(2):
        daemon = daemon_for(folder, estate, f"sweep{attempt}")
        sweeps.append(first_sweep(daemon, estate, lambda: time.sleep(0.05)))
        daemon.stop()
        searches.append(ldapsearch(estate))
    wall, cpu = min(sweeps)
    best = min(search[0] for search in searches)

    daemon = daemon_for(folder, estate)
    ours, theirs = [], []

    def scrape():
        ours.append(request_seconds(daemon.address))
        theirs.append(request_seconds(blackbox.address))
        time.sleep(0.02)

    first_sweep(daemon, estate, scrape)
    found = daemon.scrape()[exposition.key("keysync_keys", domain="bench.test", usage="NGC", state="synced")]
    if found != estate.users:
        raise LabError(f"the sweep found {found:.0f} of {estate.users} keys")
    report.tell("full sweep, wall", f"{wall:.1f} s against ldapsearch's {best:.1f} s", wall / best, 1.0)
    report.tell("full sweep, CPU", f"{cpu:.1f} s against ldapsearch's {min(s[1] for s in searches):.1f} s")
    for share in (0.5, 0.99):
        mine, other = percentile(ours, share), percentile(theirs, share)
        report.tell(f"/metrics in the sweep, p{share * 100:.0f}",
                    f"{mine * 1000:.2f} ms against blackbox_exporter's {other * 1000:.2f} ms ({len(ours)} scrapes)",
                    mine / other, 1.0)
    return daemon


def polls(report, daemon, estate):
    """What a poll costs when nothing has changed, and when a thousand users have."""
    pid = daemon.process.pid
    daemon.wait_for_polls(2, deadline=60)
    count, before = _polls(daemon), cpu_nanoseconds(pid)
    time.sleep(10)
    used, done = cpu_nanoseconds(pid) - before, _polls(daemon) - count
    report.tell("quiet poll, our CPU", f"{used / done / 1e6:.2f} ms each, over {done:.0f} polls", used / done / 1e6, 2.0)
    entries, changed = _entries(daemon), min(1000, estate.users // 10)
    before = cpu_nanoseconds(pid)
    estate.change(changed)
    if not children.wait_until(lambda: _entries(daemon) >= entries + changed, 120):
        raise LabError(f"the changed users were not read: {_entries(daemon) - entries:.0f} of {changed}")
    report.tell(f"poll with {changed} changed", f"{(cpu_nanoseconds(pid) - before) / 1e6:.0f} ms of our CPU, "
                f"{_entries(daemon) - entries:.0f} entries read of {estate.users}")


def ledger(report, daemon, estate, bare):
    """Start to first right scrape, and what a key costs. `bare`: bytes resident with next to no keys."""
    daemon.stop()
    size = sum(path.stat().st_size for path in daemon.ledger.parent.glob(daemon.ledger.name + "*"))
    report.tell("ledger on disk", f"{size / estate.users:.0f} bytes a key", size / estate.users, 300)
    begun = time.monotonic()
    daemon.start(ready=False)
    children.wait_until(lambda: daemon.scrape().get(exposition.key(
        "keysync_keys", domain="bench.test", usage="NGC", state="synced")) == estate.users, 60, interval=0.01)
    wall = time.monotonic() - begun
    report.tell("start to right scrape", f"{wall:.2f} s with {estate.users} keys", wall, 1.0)
    children.wait_until(lambda: daemon.status_of("/-/ready") == 200, 60)
    resident = resident_bytes(daemon.process.pid)
    report.tell("resident after that", f"{resident / 1e6:.0f} MB, {(resident - bare) / estate.users:.0f} bytes a key "
                "above an empty ledger's", (resident - bare) / estate.users, 100)
    daemon.stop()


def idle(report, folder, blackbox):
    """A small ledger, scraped for a while: what stays resident, and what it costs to do nothing."""
    small = SlapdEstate(folder / "small", 100)
    small.load()
    small.start()
    daemon = daemon_for(folder, small, "idle")
    daemon.configuration["domains"][0]["poll_interval"] = "60s"
    daemon.write_configuration()
    daemon.start()
    for _ in range(200):
        request_seconds(daemon.address)
        request_seconds(blackbox.address)
    used = [cpu_nanoseconds(p.pid) for p in (daemon.process, blackbox.process)]
    for _ in range(15):
        time.sleep(1)
        request_seconds(daemon.address)
        request_seconds(blackbox.address)
    used = [cpu_nanoseconds(p.pid) - u for p, u in zip((daemon.process, blackbox.process), used)]
    ours, theirs = (resident_bytes(p.pid) for p in (daemon.process, blackbox.process))
    report.tell("idle, resident", f"{ours / 1e6:.1f} MB against blackbox_exporter's {theirs / 1e6:.1f} MB",
                ours / theirs, 1.0)
    report.tell("idle, CPU, scraped each s", f"{used[0] / 15e6:.2f} ms a second against blackbox_exporter's "
                f"{used[1] / 15e6:.2f} ms", used[0] / used[1], 1.0)
    daemon.stop()
    small.stop()
    return ours


def _polls(daemon):
    return sum(v for (name, labels), v in daemon.scrape().items() if name == "keysync_polls_total")


def _entries(daemon):
    return daemon.scrape()[exposition.key("keysync_ldap_entries_total", domain="bench.test")]


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--records", type=int, default=1_000_000, help="of the exported audit log")
    arguments = parser.parse_args()
    children.exit_on_signals()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="keysyncd-bench-", dir="/var/tmp") as name:
        folder = pathlib.Path(name)
        estate = SlapdEstate(folder / "slapd", arguments.users)
        print(f"Loading {arguments.users} users into slapd ...", flush=True)
        print(f"loaded in {estate.load():.0f} s", flush=True)
        estate.start()
        blackbox = Blackbox(folder)
        bare = idle(report, folder, blackbox)
        daemon = sweep(report, folder, estate, blackbox)
        polls(report, daemon, estate)
        ledger(report, daemon, estate, bare)
        estate.stop()
        audit_feed(report, folder, arguments.records)
    decode = os.environ.get("BENCH_DECODE")
    if decode:
        report.kept &= subprocess.run([decode]).returncode == 0
    print("Every bound is kept" if report.kept else "Some bounds are NOT kept")
    return 0 if report.kept else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"tests/bench/run: {error}")
