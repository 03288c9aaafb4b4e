"""Everything a scenario needs, running: domain controller, Entra stand-in, estate, truth and the daemon."""

import contextlib
import pathlib
import tempfile
import time

from entra_standin import EntraStandin
from lab.keysyncd_process import KeysyncdProcess, domain_configuration
from lab.samba_dc import SambaDc

from .comparison import wait_for_truth
from .estate import Estate, now
from .truth import Truth

LOOKBACK, CYCLE, GRACE, OVERDUE_AFTER = 24 * 3600, 1800, 300, 3900


class World(contextlib.ExitStack):
    def __init__(self, plan, seed, ledger=None, environment=None, realm="whfb.test"):
        """`ledger`: its path, where it shall not lie in the daemon's folder."""
        super().__init__()
        self.plan, self.seed, self.begun = plan, seed, time.monotonic()
        try:
            self.folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory(prefix="keysyncd-world-")))
            self.dc = self.enter_context(SambaDc(realm))
            self.entra = self.enter_context(EntraStandin(self.folder / "entra", throttle=(1000, 10.0), seed=seed))
            self.truth = Truth(self.dc.realm, CYCLE, GRACE, OVERDUE_AFTER)
            self.estate = Estate(plan, self.dc, self.entra.tenant, self.truth)
            configuration = {
                "domains": [domain_configuration(self.dc, poll_interval="1s", full_sweep_interval="5s")],
                "entra": self.entra.configuration(poll_interval="1s", lookback=f"{LOOKBACK}s", overlap="24h"),
                "sync": {"cycle": f"{CYCLE}s", "grace": f"{GRACE}s", "overdue_after": f"{OVERDUE_AFTER}s"}}
            if ledger:
                configuration["ledger"] = {"path": str(ledger)}
            self.daemon = KeysyncdProcess(self.folder / "keysyncd", configuration, arguments=["--log.level=debug"],
                                          environment=environment)
            self.callback(self.daemon.stop)
            self.estate.populate(LOOKBACK)
        except BaseException:
            self.close()
            raise

    def holds(self, what, further_polls=False, deadline=25.0):
        """The daemon comes to tell the truth, and sticks to it when it has asked everyone again."""
        wrong, when = wait_for_truth(self.daemon, self.truth, now, deadline), ""
        if further_polls and not wrong:
            self.daemon.wait_for_polls(2)
            wrong, when = wait_for_truth(self.daemon, self.truth, now, deadline=1), " (after further polls)"
        if wrong:
            raise AssertionError("\n  ".join([f"{what}{when}, seed {self.seed}: {len(wrong)} figures are wrong", *wrong,
                                              self.daemon.log_tail(15)]))
        print(f"{time.monotonic() - self.begun:6.1f} s  {what}", flush=True)

    def register(self, phase):
        for planned in self.plan.in_phase(phase):
            if planned.source == "AzureAD":
                self.estate.register(planned)
        self.estate.make_noise()
