"""Ticks of 100 ns since 1970, UTC, and their RFC 3339 text: Graph's resolution, which Python's datetime lacks."""

import calendar
import re
import time

SECOND = 10_000_000
_PATTERN = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$", re.IGNORECASE)


def now():
    return time.time_ns() // 100


def parse(value):
    """Ticks of an RFC 3339 text; integers pass through."""
    if isinstance(value, int):
        return value
    match = _PATTERN.match(value)
    if not match:
        raise ValueError(f"not an RFC 3339 time: {value!r}")
    year, month, day, hour, minute, second = (int(group) for group in match.groups()[:6])
    ticks = calendar.timegm((year, month, day, hour, minute, second)) * SECOND
    ticks += int(((match[7] or "") + "0000000")[:7])
    zone = match[8]
    if zone not in "Zz":
        minutes = int(zone[1:3]) * 60 + int(zone[4:6])
        ticks -= (1 if zone[0] == "+" else -1) * minutes * 60 * SECOND
    return ticks


def text(ticks, digits=7):
    seconds, rest = divmod(ticks, SECOND)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return stamp + (("." + f"{rest:07d}"[:digits]) if digits else "") + "Z"
