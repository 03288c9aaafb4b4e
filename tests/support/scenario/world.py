"""Everything a scenario needs, running: domain controller, Entra stand-in, estate, truth and the daemon, or several
daemons that look at the same estate in different ways."""

import contextlib
import pathlib
import tempfile
import time

from entra_standin import EntraStandin
from entra_standin.exports import Exporter
from lab.keysyncd_process import KeysyncdProcess, domain_configuration
from lab.samba_dc import SambaDc

from .comparison import wait_for_truth
from .estate import Estate, now
from .truth import Truth

LOOKBACK, CYCLE, GRACE, OVERDUE_AFTER = 24 * 3600, 1800, 300, 3900


class World(contextlib.ExitStack):
    def __init__(self, plan, seed, ledger=None, environment=None, realm="whfb.test", views=None, dc=None):
        """`ledger`: its path, where it shall not lie in the daemon's folder. `views`: {name: settings of the domain},
        a daemon for each; by default one that tracks changes as the daemon likes. Among the settings may be `sources`:
        graph (the default), files (exported audit logs) or both. `dc`: a domain controller that runs
        already."""
        super().__init__()
        self.plan, self.seed, self.begun = plan, seed, time.monotonic()
        try:
            self.folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory(prefix="keysyncd-world-")))
            self.dc = dc or self.enter_context(SambaDc(realm))
            self.entra = self.enter_context(EntraStandin(self.folder / "entra", throttle=(1000, 10.0), seed=seed))
            self.truth = Truth(self.dc.realm, CYCLE, GRACE, OVERDUE_AFTER)
            self.estate = Estate(plan, self.dc, self.entra.tenant, self.truth)
            self.exporter = Exporter(self.entra.tenant, str(self.folder / "exported"))
            self.daemons, self._sources = {}, {}
            for name, settings in (views or {"keysyncd": {}}).items():
                settings = dict(settings)
                self._sources[name] = settings.pop("sources", "graph")
                self.daemons[name] = self._daemon(name, settings, ledger, environment)
                self.callback(self.daemons[name].stop)
            self.daemon = next(iter(self.daemons.values()))
            self.estate.populate(LOOKBACK)
        except BaseException:
            self.close()
            raise

    def _daemon(self, name, settings, ledger, environment):
        sources = self._sources[name]
        domain = domain_configuration(self.dc, **{"poll_interval": "1s", "full_sweep_interval": "5s", **settings})
        entra = {"poll_interval": "1s", "lookback": f"{LOOKBACK}s", "overlap": "24h"}
        if sources != "graph":
            entra["audit_files"] = [str(self.folder / "exported" / "*.json")]
        if sources != "files":
            entra = self.entra.configuration(**entra, reports_limit=1000)  # a day in a minute
        configuration = {
            "domains": [domain],
            "entra": entra,
            "sync": {"cycle": f"{CYCLE}s", "grace": f"{GRACE}s", "overdue_after": f"{OVERDUE_AFTER}s"}}
        if ledger:
            configuration["ledger"] = {"path": str(ledger)}
        return KeysyncdProcess(self.folder / name, configuration, arguments=["--log.level=debug"],
                               environment=environment)

    def start(self):
        for daemon in self.daemons.values():
            daemon.start()

    def stop(self):
        """The exit statuses, one for each daemon."""
        return [daemon.stop() for daemon in self.daemons.values()]

    def kill(self):
        for daemon in self.daemons.values():
            daemon.kill()

    def holds(self, what, further_polls=False, deadline=25.0):
        """The daemons come to tell the truth, and stick to it when they have asked everyone again."""
        self.exporter.write()
        for name in self.daemons:
            self._holds(name, what, deadline)
        if further_polls:
            self.exporter.rotate()
            for name, daemon in self.daemons.items():
                daemon.wait_for_polls(2)
                self._holds(name, f"{what} (after further polls)", deadline=1)
        print(f"{time.monotonic() - self.begun:6.1f} s  {what}", flush=True)

    def _holds(self, name, what, deadline):
        daemon = self.daemons[name]
        wrong = wait_for_truth(daemon, self.truth, now, deadline, self._sources[name] != "files")
        if wrong:
            raise AssertionError("\n  ".join([f"{what}, seed {self.seed}, {name}: {len(wrong)} figures "
                                              "are wrong", *wrong, daemon.log_tail(15)]))

    def register(self, phase):
        for planned in self.plan.in_phase(phase):
            if planned.source == "AzureAD" and planned.fate != "forged":
                self.estate.register(planned)
        self.estate.make_noise()
