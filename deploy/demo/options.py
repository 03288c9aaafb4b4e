"""The demonstration's command line. Run as a program it checks the arguments, before anything long is begun."""

import argparse
import re
import time

USAGE = """usage: deploy/demo/run [--for DURATION] [--users N] [--cycle DURATION] [--seed N]

Runs keysyncd against a throw-away Samba Active Directory domain controller, an Entra ID stand-in and a simulated
Entra Connect that writes registered keys once a cycle, and lets a Prometheus scrape it. Ctrl-C stops everything.

  --for DURATION     stop by itself after that long (90s, 5m, 1h), print a summary and exit 0; default: until Ctrl-C
  --users N          users in the directory; default 40. About one in eight registers a key each cycle
  --cycle DURATION   how often Connect runs; default 30s (the real one: 30m)
  --seed N           makes the random registrations repeatable; default: the time
"""


def duration(text):
    match = re.fullmatch(r"(\d+)(s|m|h)?", text)
    if not match or int(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"expected a duration such as 90s, 5m or 1h, got {text!r}")
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600, None: 1}[match[2]]


def users(text):
    if not text.isdigit() or not 8 <= int(text) <= 5000:
        raise argparse.ArgumentTypeError(f"expected a number from 8 to 5000, got {text!r}")
    return int(text)


def parse():
    parser = argparse.ArgumentParser(usage=USAGE.removeprefix("usage: "), add_help=False)
    parser.add_argument("--for", dest="length", type=duration)
    parser.add_argument("--users", type=users, default=40)
    parser.add_argument("--cycle", type=duration, default=30)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    return parser.parse_args()


if __name__ == "__main__":
    parse()
