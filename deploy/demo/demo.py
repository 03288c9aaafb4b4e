"""The demonstration itself; deploy/demo/run builds keysyncd and starts this."""

import contextlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tests/support")]

import options
from connect_simulator import ConnectSimulator
from entra_standin import EntraStandin
from estate import Estate
from figures import Figures
from lab import children
from lab.addresses import preferred_port
from lab.errors import LabError
from lab.keysyncd_process import KeysyncdProcess, binary, domain_configuration
from lab.prometheus import PrometheusServer
from lab.samba_dc import SambaDc


@contextlib.contextmanager
def step(text):
    begun = time.monotonic()
    print(f"== {text} ...", end=" ", flush=True)
    yield
    print(f"{time.monotonic() - begun:.1f} s", flush=True)


def daemon_for(folder, dc, entra, cycle):
    return KeysyncdProcess(folder / "keysyncd", {
        "domains": [domain_configuration(dc, poll_interval="2s", full_sweep_interval="1m")],
        "entra": entra.configuration(poll_interval="5s", lookback="24h", overlap="10m"),
        "sync": {"cycle": f"{cycle}s", "grace": "5s", "overdue_after": f"{2 * cycle + 5}s"},
    }, port=preferred_port(10061))


def run(settings, folder, stack):
    with step("Domain controller (Samba, a real Active Directory)"):
        dc = stack.enter_context(SambaDc())
    with step("Entra ID stand-in"):
        entra = stack.enter_context(EntraStandin(folder / "entra", throttle=(5, 10.0)))
    estate = Estate(entra.tenant, dc.directory, settings.users, settings.cycle, settings.seed)
    with step(f"{settings.users} users, some with keys from before"):
        estate.populate()
    connect = ConnectSimulator(entra.tenant, dc.directory)
    connect.run_cycle()
    daemon = daemon_for(folder, dc, entra, settings.cycle)
    stack.callback(daemon.stop)
    with step("keysyncd"):
        daemon.start()
    prometheus = PrometheusServer(
        folder / "prometheus", [{"job_name": "keysyncd", "static_configs": [{"targets": [daemon.address]}]}],
        interval="3s", port=preferred_port(9090))
    stack.callback(prometheus.stop)
    with step("Prometheus"):
        prometheus.start()

    print(f"""
   keysyncd     http://{daemon.address}/          its metrics: http://{daemon.address}/metrics
   Prometheus   {prometheus.url}/          try: keysync_keys, keysync_delay_seconds_sum / keysync_delay_seconds_count
   explain      {os.path.relpath(binary())} explain --config.file={daemon.configuration_file} {estate.stuck_user}
   log          {daemon.log}

Connect writes every {settings.cycle} s. {"Stops after %d s." % settings.length if settings.length else "Ctrl-C stops."}
""", flush=True)
    figures = Figures(prometheus)
    observe(settings, estate, connect, daemon, prometheus, figures)
    lines = figures.summary(figures.read(), estate)
    print("\nSummary, as Prometheus has it\n" + "\n".join(f"   {line}" for line in lines), flush=True)
    return 0


def observe(settings, estate, connect, daemon, prometheus, figures):
    """Registers keys at random moments, runs Connect once a cycle and shows the figures, until the time is over and
    what happened last has reached Prometheus: the audit log is late, then come a poll and a scrape."""
    begun = time.monotonic()
    end = begun + settings.length if settings.length else float("inf")
    next_cycle, next_line, last_cycle, shown = begun + settings.cycle, begun, None, {}
    terminal = sys.stdout.isatty()
    while True:
        now = time.monotonic()
        if now >= end and (shown.get("registered", 0) >= estate.registered or now >= end + 30):
            break
        if now < end:
            estate.act(now)
        if now >= next_cycle:
            next_cycle += settings.cycle
            last_cycle = connect.run_cycle()
        if now >= next_line:
            next_line = now + (1 if terminal else 5)
            daemon.check()
            prometheus.check()
            shown = figures.read()
            line = figures.line(shown, now - begun, next_cycle - now, last_cycle)
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{line[:width]:<{width}}" if terminal else line, end="" if terminal else "\n", flush=True)
        time.sleep(0.1)
    if terminal:
        print()


def main():
    settings = options.parse()
    children.exit_on_signals()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="keysyncd-demo-"))
    status = 1
    try:
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            stack.callback(lambda: print("== Stopping everything", flush=True))
            status = run(settings, folder, stack)
    except LabError as error:
        print(f"\ndeploy/demo/run: {error}", file=sys.stderr)
    except SystemExit as ended:
        if ended.code not in (128 + signal.SIGINT, 128 + signal.SIGTERM, 128 + signal.SIGHUP):
            raise
        status = 0
    print("== Stopped; nothing is left behind" if status == 0 else "== Stopped after a failure", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
