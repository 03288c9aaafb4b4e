"""What keysyncd has to show, computed from what really happened, by rules of its own: nothing here is shared with the
daemon but the metrics' names.

Times are ticks of 100 ns since 1970, as in the directory and in Entra.
"""

import dataclasses

from lab import exposition

SECOND = 10_000_000
BOUNDS = (60, 300, 600, 900, 1200, 1500, 1800, 2100, 2700, 3600, 5400, 7200, 14400, 28800, 86400)
USAGES = ("NGC", "FIDO", "Other")
STATES = ("pending", "overdue", "synced", "unmatched", "local", "withdrawn", "removed")
CAUSES = ("sync_stalled", "protected_account", "not_in_directory", "account_disabled", "provisioning_error", "unknown")


@dataclasses.dataclass
class Key:
    """One key's life so far. What is None has not happened."""
    usage: str
    source: str  # AzureAD | AD
    created: int
    announced: int = None  # activityDateTime of its registration, once the audit log can show it
    written: int = None  # whenChanged of its user after the write, in ticks
    history: bool = False  # older than the look-back when the daemon first saw the domain
    removed: bool = False
    withdrawn: bool = False
    cause: str = "unknown"
    lost: bool = False  # withdrawn, and no audit event told it
    ambiguous: bool = False  # withdrawn, and the event could mean a written key as well
    forged: bool = False  # Entra does not know it
    findable: bool = True  # its audit event names the user as the directory does

    def as_seen(self, by_graph):
        """Entra, asked, tells a registration's own time, in whole seconds, and which keys it knows. Exported audit logs
        tell neither, and name users that only the directory can find."""
        if by_graph:
            earlier = self.announced is not None and self.usage in ("NGC", "FIDO")
            return dataclasses.replace(self, announced=self.created // SECOND * SECOND if earlier else self.announced)
        return dataclasses.replace(self, announced=self.announced if self.findable else None, forged=False,
                                   withdrawn=self.withdrawn and not (self.lost or self.ambiguous),
                                   cause="unknown" if self.cause == "provisioning_error" else self.cause)

    @property
    def usage_label(self):
        return self.usage if self.usage in USAGES else "Other"

    @property
    def waits(self):
        return self.source == "AzureAD" and self.announced is not None and self.written is None and not self.withdrawn

    @property
    def counted(self):
        return not self.history and (self.written is not None or self.announced is not None)

    @property
    def delay(self):
        """None unless it was measured. whenChanged is cut to the second before the write: a key written at once
        seems to have been written before it was made, and counts as 0."""
        if self.history or self.source != "AzureAD" or self.written is None:
            return None
        return max(0, self.written - self.created)


class Truth:
    def __init__(self, domain, cycle, grace, overdue_after):
        """Durations in seconds."""
        self.domain, self.cycle, self.grace, self.overdue_after = domain, cycle, grace, overdue_after
        self.keys = []
        self.last_sync = 0  # seconds
        self.malformed = {}
        self.rebuilds = 0  # of the ledger
        self.commit_failures = 0  # None: some, nobody can say how many

    def add(self, key):
        self.keys.append(key)
        return key

    def start_afresh(self, baseline_before, when_changed):
        """The daemon has lost its ledger and counts anew, from what the directory and the audit log still tell. Only
        for a life without endings. `when_changed`: a key's user's, in ticks."""
        for key in self.keys:
            if key.written is not None:
                key.written = when_changed(key)
                key.history = key.created < baseline_before

    def missed_cycles(self, delay):
        beyond = delay - (self.cycle + self.grace) * SECOND
        return max(0, -(-beyond // (self.cycle * SECOND)))

    def state(self, key, now):
        if key.removed:
            return "removed"
        if key.written is not None:
            return "unmatched" if key.forged else "synced" if key.source == "AzureAD" else "local"
        if key.withdrawn:
            return "withdrawn"
        return "overdue" if now - key.announced >= self.overdue_after * SECOND else "pending"

    def expected(self, now, by_graph=True):
        """{(name, labels): value} of every family that follows from what happened, all label sets included. `by_graph`:
        the daemon can ask Entra, and not only read exported audit logs."""
        series = {}
        keys = [key.as_seen(by_graph) for key in self.keys]

        def put(name, value, **labels):
            series[exposition.key(name, domain=self.domain, **labels)] = value

        for usage in USAGES:
            self._put_usage(put, usage, [key for key in keys if key.usage_label == usage], now)
        waiting = [key for key in keys if key.waits]
        for cause in CAUSES:
            put("keysync_overdue_keys",
                sum(key.cause == cause for key in waiting if self.state(key, now) == "overdue"), cause=cause)
        measured = sum(key.delay is not None for key in keys)
        put("keysync_measurements_total", measured, precision="bounded")
        put("keysync_measurements_total", 0, precision="exact")
        put("keysync_oldest_pending_registration_timestamp_seconds",
            min((key.announced for key in waiting), default=0) / SECOND)
        put("keysync_last_write_timestamp_seconds",
            max((key.written for key in keys if key.written is not None and not key.history), default=0) / SECOND)
        put("keysync_cycle_seconds", self.cycle)
        put("keysync_overdue_after_seconds", self.overdue_after)
        for kind, count in self.malformed.items():
            put("keysync_malformed_values_total", count, kind=kind)
        put("keysync_suspicious_keys", sum(key.forged and not key.removed for key in keys),
            reason="unmatched")
        for source in ("graph", "audit_file"):
            series[exposition.key("keysync_malformed_records_total", source=source)] = 0
        series["keysync_entra_last_sync_timestamp_seconds", ()] = self.last_sync if by_graph else 0
        if self.commit_failures is not None:
            series["keysync_ledger_commit_failures_total", ()] = self.commit_failures
        series["keysync_ledger_rebuilds_total", ()] = self.rebuilds
        return series

    def _put_usage(self, put, usage, keys, now):
        counted = [key for key in keys if key.counted]
        put("keysync_registrations_total", sum(key.source == "AzureAD" for key in counted), usage=usage)
        put("keysync_writes_total", sum(key.written is not None for key in counted), usage=usage)
        put("keysync_removals_total", sum(key.removed for key in keys), usage=usage)
        known = [self.state(key, now) for key in keys if key.written is not None or key.announced is not None]
        for state in STATES:
            put("keysync_keys", known.count(state), usage=usage, state=state)
        delays = [key.delay for key in keys if key.delay is not None]
        put("keysync_missed_cycles_total", sum(map(self.missed_cycles, delays)), usage=usage)
        for bound in BOUNDS:
            put("keysync_delay_seconds_bucket", sum(delay <= bound * SECOND for delay in delays), usage=usage,
                le=str(bound))
        put("keysync_delay_seconds_bucket", len(delays), usage=usage, le="+Inf")
        put("keysync_delay_seconds_count", len(delays), usage=usage)
        put("keysync_delay_seconds_sum", sum(delays) / SECOND, usage=usage)
