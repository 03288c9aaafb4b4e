#!/usr/bin/python3
"""Takes the README's pictures of the status page: a working day of 400 people, with a cycle of half an hour, lived
through by the directory stand-in (which tells exact write times) and the Entra stand-in, read by the real daemon.

    DIRECTORY_STANDIN=... KEYSYNCD=... take_pictures.py FOLDER        with optipng, the files become smaller
"""

import datetime
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "support"), str(pathlib.Path(__file__).resolve().parent)]

import key_blob
from browser import show_as, start_browser
from directory_standin import ACCOUNT, DirectoryStandin, metadata_binary, user
from entra_standin import EntraStandin
from lab import children
from lab.keysyncd_process import KeysyncdProcess

DOMAIN, CYCLE = "corp.example.com", 1800
FIRST = ("ada adele alan barbara betty carla donald edsger erna eve fatima frances grace hedy ingrid jean john karen "
         "katherine kristen leslie linus lois lynn margaret mary nadia niklaus ole radia rosa sophie tim tony vera wendy "
         "yukihiro yvonne zoe").split()


def at(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat().replace("+00:00", "Z")


class Day:
    """`now`: eleven minutes after the last run of Connect, which has run every half hour."""

    def __init__(self, tenant, seed=4):
        self.random, self.tenant, self.now = random.Random(seed), tenant, int(time.time())
        self.last_run = self.now - 11 * 60
        self.users, self.usn = [], 1100
        for _ in range(250):  # from long before
            self.register(self.now - self.random.randrange(3, 300) * 86400, exported=True)
        for hour in range(23, 0, -1):
            fewest, most = (6, 18) if hour < 10 else (0, 3)
            for _ in range(self.random.randrange(fewest, most)):
                usage = "FIDO" if self.random.random() < 0.12 else "NGC"
                self.register(self.last_run - 120 - hour * 3600 + self.random.randrange(3600), usage=usage)
        for minutes in (9, 6, 2):
            self.register(self.now - minutes * 60)
        self.register(self.now - 5 * 3600, stuck=True, adminCount=["1"])
        self.register(self.now - 3 * 3600, stuck=True, userAccountControl=["514"])
        tenant.mark_synced(at(self.last_run))

    def register(self, registered, usage="NGC", exported=False, stuck=False, **attributes):
        self.usn += 1
        first = self.random.choice(FIRST)
        name = f"{first}.{chr(ord('a') + self.usn % 26)}{self.usn % 97}"
        upn = f"{name}@{DOMAIN}"
        owner = self.tenant.add_user(upn, sid=f"S-1-5-21-1-2-3-{self.usn}", domain=DOMAIN)
        key = self.tenant.register_key(owner["id"], usage=usage, at=at(registered + self.random.random()),
                                       audit_delay=0 if self.now - registered > 120 else -60)
        blob = key_blob.with_key_hash(bytes.fromhex(key["blob"]))
        written = self.written(registered) if not exported else registered + 900
        if stuck or written > self.now:
            self.users.append(user(name, usn=self.usn, userPrincipalName=[upn], **attributes))
            return
        self.tenant.confirm_export(key["key_id"], "add")
        self.users.append(user(name, [blob], usn=self.usn, changed=written, userPrincipalName=[upn],
                               metadata=[metadata_binary(blob, written)], **attributes))

    def written(self, registered):
        """The next run that can still take it; it reads for a minute before it writes, and now and then misses one."""
        runs = (self.last_run - registered - 60) // CYCLE
        run = self.last_run - runs * CYCLE
        if self.random.random() < 0.06:
            run += CYCLE
        return run + self.random.randrange(2, 9)


def pictures(daemon, folder):
    browser = start_browser("--hide-scrollbars")
    try:
        for name, width, height, scale, dark in (("status-page", 1100, 1400, 1, False), ("status-page-phone", 390, 900, 1.5, True)):
            show_as(browser, width, height, scale, dark)
            browser.get(daemon.url + "/")
            children.wait_until(lambda: browser.execute_script("return document.body.dataset.refreshed"), 20)
            time.sleep(1)
            path = folder / f"{name}.png"
            browser.save_screenshot(str(path))
            if shutil.which("optipng"):
                subprocess.run(["optipng", "-quiet", "-o5", "-strip", "all", path], check=True)
            print(f"{path}: {path.stat().st_size} bytes")
    finally:
        browser.quit()


def main():
    children.exit_on_signals()
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="keysyncd-pictures-") as scratch:
        scratch = pathlib.Path(scratch)
        with EntraStandin(scratch / "entra", throttle=None, seed=4) as entra:
            day = Day(entra.tenant)
            with DirectoryStandin(day.users, highest_usn=day.usn) as directory:
                daemon = KeysyncdProcess(scratch / "keysyncd", {
                    "domains": [{"name": DOMAIN, "servers": [directory.uri], "tls": {"ca_file": str(directory.ca_file)},
                                 "bind": {"method": "simple", "dn": ACCOUNT, "password_file": str(directory.password_file)},
                                 "change_tracking": "usn", "poll_interval": "2s"}],
                    "entra": entra.configuration(poll_interval="2s", lookback="24h", overlap="2h")})
                try:
                    daemon.start()
                    daemon.wait_for_polls(3)
                    pictures(daemon, folder)
                    if "--stay" in sys.argv:
                        print(daemon.url, daemon.configuration_file, flush=True)
                        time.sleep(600)
                finally:
                    daemon.stop()


if __name__ == "__main__":
    main()
