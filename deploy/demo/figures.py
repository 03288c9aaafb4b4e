"""The figures that Prometheus has of keysyncd, as the demonstration shows them."""

_QUERIES = {
    "up": "up{job='keysyncd'}",
    "registered": "sum(keysync_registrations_total)",
    "written": "sum(keysync_writes_total)",
    "removed": "sum(keysync_removals_total)",
    "measured": "sum(keysync_delay_seconds_count)",
    "mean_delay": "sum(keysync_delay_seconds_sum) / sum(keysync_delay_seconds_count)",
    "within_a_minute": "sum(keysync_delay_seconds_bucket{le='60'})",
    "missed_cycles": "sum(keysync_missed_cycles_total)",
    "pending": "sum(keysync_keys{state='pending'})",
    "overdue": "sum(keysync_keys{state='overdue'})",
    "synced": "sum(keysync_keys{state='synced'})",
    "local": "sum(keysync_keys{state='local'})",
    "observed_cycle": "max(keysync_observed_cycle_seconds)",
}


class Figures:
    def __init__(self, prometheus):
        self._prometheus = prometheus

    def read(self):
        """{name: value}; a name is missing while Prometheus has no sample of it."""
        found = {}
        for name, expression in _QUERIES.items():
            for _, value in self._prometheus.query(expression):
                if value == value:  # not NaN, which 0 / 0 is
                    found[name] = value
        return found

    def causes(self):
        return {labels["cause"]: int(value) for labels, value in
                self._prometheus.query("sum by (cause) (keysync_overdue_keys) > 0")}

    def line(self, figures, elapsed, until_cycle, last_cycle):
        if figures.get("up") != 1:
            return f"{_clock(elapsed)}  waiting for the first scrape"
        shown = [f"{_clock(elapsed)}  registered {figures.get('registered', 0):.0f}",
                 f"written {figures.get('written', 0):.0f}", f"waiting {figures.get('pending', 0):.0f}",
                 f"overdue {figures.get('overdue', 0):.0f}{_causes(self.causes())}"]
        if "mean_delay" in figures:
            shown.append(f"mean delay {figures['mean_delay']:.1f} s")
        if last_cycle is not None:
            shown.append(f"Connect wrote {len(last_cycle.written)}")
        return "  ".join([*shown, f"next run in {max(0, until_cycle):.0f} s"])

    def summary(self, figures, estate):
        lines = [
            f"keys registered in Entra     {figures.get('registered', 0):.0f} (the demonstration registered "
            f"{estate.registered})",
            f"keys written to the domain   {figures.get('written', 0):.0f}, removed {figures.get('removed', 0):.0f}",
            f"delays measured              {figures.get('measured', 0):.0f}, "
            + (f"mean {figures['mean_delay']:.1f} s" if "mean_delay" in figures else "none yet"),
            f"within a minute              {figures.get('within_a_minute', 0):.0f}",
            f"missed cycles                {figures.get('missed_cycles', 0):.0f}",
            f"keys now                     synced {figures.get('synced', 0):.0f}, waiting "
            f"{figures.get('pending', 0):.0f}, overdue {figures.get('overdue', 0):.0f}{_causes(self.causes())}, "
            f"local {figures.get('local', 0):.0f}"]
        if figures.get("observed_cycle"):
            lines.append(f"Connect's cycle, inferred    {figures['observed_cycle']:.0f} s")
        return lines


def _causes(causes):
    return f" ({', '.join(f'{cause} {count}' for cause, count in sorted(causes.items()))})" if causes else ""


def _clock(seconds):
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"
