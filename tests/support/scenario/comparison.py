"""Holds a scrape against the truth: every expected series must be there with its value, and its family may have no
other series that is not 0."""

from lab import children, exposition

_TOLERANCE = 5e-8  # half a tick: sums of ticks are exact in a double, dividing them by 1e7 is not quite


# Families of which the truth knows some series only.
PARTLY_KNOWN = {"keysync_suspicious_keys"}


def differences(expected, scraped):
    """One line each; empty when the scrape tells the truth."""
    lines = []
    for (name, labels), value in expected.items():
        shown = scraped.get((name, labels))
        if shown is None or abs(shown - value) > _TOLERANCE * max(1.0, abs(value) * 1e-7):
            lines.append(f"{exposition.show(name, labels)}: {_number(shown)}, the truth is {_number(value)}")
    families = {name for name, _ in expected} - PARTLY_KNOWN
    for (name, labels), value in scraped.items():
        if name in families and (name, labels) not in expected and value != 0:
            lines.append(f"{exposition.show(name, labels)}: {_number(value)}, the truth knows no such series")
    return lines


def wait_for_truth(daemon, truth, now, deadline=20.0, by_graph=True):
    """The differences that are left when the deadline (seconds) has passed. `now`: a function to ticks. `by_graph`:
    whether the daemon can ask Entra, or has exported audit logs alone."""
    found = []

    def settled():
        found[:] = differences(truth.expected(now(), by_graph), daemon.scrape())
        return not found

    children.wait_until(settled, deadline, interval=0.2)
    return found


def _number(value):
    return "missing" if value is None else f"{value:.7f}".rstrip("0").rstrip(".")
