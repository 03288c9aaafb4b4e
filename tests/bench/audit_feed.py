"""A million records of an exported audit log, one in twenty a key's registration: what the daemon makes of them in a
second, whether its memory stays flat, and how long jq needs only to read the same."""

import json
import os
import subprocess
import time

from lab import children
from lab.errors import LabError
from lab.keysyncd_process import KeysyncdProcess
from measure import cpu_seconds, resident_bytes
from slapd_estate import BIND_DN, SlapdEstate

_FILES = 10
_ONE_KEY_IN = 20
_TENANT = "7d2c5a2e-9a0b-4f5e-8f5c-111111111111"
# What the daemon may grow by between the first tenth of the records and the last: none of them is kept in memory.
_FLAT_BYTES = 8e6


def _record(number, now):
    """Azure Monitor's form, as diagnostic settings write it; what is no registration is some other change of a device."""
    key = number % _ONE_KEY_IN == 0
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now - 3600 + number % 3000)) + ".0273716"
    activity = "Add Windows Hello for Business credential" if key else "Update device"
    name = f"someone{number % 20011}@elsewhere.test"
    return json.dumps({
        "time": at + "Z", "resourceId": f"/tenants/{_TENANT}/providers/Microsoft.aadiam", "operationName": activity,
        "operationVersion": "1.0", "category": "AuditLogs", "tenantId": _TENANT, "resultSignature": "None",
        "durationMs": 0, "correlationId": f"c0ffee00-0000-4000-8000-{number:012}",
        "identity": "Device Registration Service", "level": "Informational",
        "properties": {
            "id": f"Directory_{number:08}", "category": "UserManagement" if key else "Device",
            "correlationId": f"c0ffee00-0000-4000-8000-{number:012}", "result": "success", "resultReason": "",
            "activityDisplayName": activity, "activityDateTime": at + "+00:00",
            "loggedByService": "Device Registration Service", "operationType": "Add" if key else "Update",
            "initiatedBy": {"user": {"id": f"00000000-0000-4000-9000-{number % 20011:012}", "userPrincipalName": name,
                                     "ipAddress": "203.0.113.7", "roles": []}},
            "targetResources": [{"id": f"00000000-0000-4000-9000-{number % 20011:012}", "type": "User",
                                 "userPrincipalName": name, "modifiedProperties": [
                                     {"displayName": "Included Updated Properties", "newValue": '"x"', "oldValue": ""}]}],
            "additionalDetails": [{"key": "User-Agent", "value": "Dsreg/10.0 (Windows 10.0.22631)"}]}})


def _write(folder, records):
    folder.mkdir()
    paths, now = [], time.time()
    for part in range(_FILES):
        path = folder / f"audit-{part}.json"
        with open(path, "w", encoding="ascii") as file:
            for number in range(part * records // _FILES, (part + 1) * records // _FILES):
                file.write(_record(number, now) + "\n")
        paths.append(path)
    return paths


def _jq(paths):
    begun = time.monotonic()
    subprocess.run(["jq", "-c", ".properties.id", *paths], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begun


def audit_feed(report, folder, records):
    estate = SlapdEstate(folder / "elsewhere", 100)  # a daemon needs a directory too; nobody in the records is in it
    estate.load()
    estate.start()
    paths = _write(folder / "exported", records)
    size = sum(os.path.getsize(path) for path in paths)
    jq = _jq(paths)
    daemon = KeysyncdProcess(folder / "feed", {
        "domains": [{"name": "bench.test", "servers": [estate.uri],
                     "bind": {"method": "simple", "dn": BIND_DN, "password_file": str(estate.password_file)},
                     "tls": {"ca_file": str(estate.ca_file)}, "change_tracking": "usn", "poll_interval": "1h"}],
        "entra": {"audit_files": [str(folder / "exported" / "*.json")], "poll_interval": "1s"}})
    begun = time.monotonic()
    daemon.start(ready=False)

    def finished():
        daemon.check()
        marks.append((time.monotonic(), resident_bytes(daemon.process.pid)))
        return any(name == "keysync_polls_total" and dict(labels)["source"] == "audit_file" and value >= 1
                   for (name, labels), value in daemon.scrape().items())

    marks = []
    if not children.wait_until(finished, 60 + records / 2000, interval=0.05):
        raise LabError(f"the audit files were not read; {daemon.log_tail()}")
    wall = time.monotonic() - begun
    early = next(memory for at, memory in marks if at >= begun + wall / 10)
    growth = max(memory for _, memory in marks) - early
    report.tell("audit feed", f"{records / wall:,.0f} records a second ({size / wall / 1e6:.0f} MB/s, "
                f"{cpu_seconds(daemon.process.pid):.1f} s of CPU); jq reads them at {records / jq:,.0f} a second")
    report.tell("audit feed, memory", f"{growth / 1e6:+.1f} MB from the first tenth to the end, "
                f"{marks[-1][1] / 1e6:.1f} MB then", growth / _FLAT_BYTES, 1.0)
    daemon.stop()
    estate.stop()
