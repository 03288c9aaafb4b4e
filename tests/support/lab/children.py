"""Child processes that cannot outlive the test: ended by pid at exit and on SIGINT, SIGTERM and SIGHUP, and by the
kernel when the test itself is killed.

A signal is turned into SystemExit, so that context managers and atexit handlers of the test run as well.
"""

import atexit
import os
import signal
import subprocess
import sys
import time

_running = {}


def _on_signal(number, _frame):
    sys.exit(128 + number)


def exit_on_signals():
    """Makes the usual ending signals end the program by way of its clean-up. Main thread only."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)


def start(arguments, **keywords):
    """subprocess.Popen in its own session, remembered until it is ended. To be called from a thread that lives as
    long as the child shall: the kernel kills the child when the thread is gone."""
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, arguments)], start_new_session=True,
                               **keywords)
    _running[process.pid] = process
    return process


def signal_group(process, number):
    """Sends a signal to the child and to everything it has forked (it leads its own process group)."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def end(process, grace=5.0):
    """SIGTERM, then SIGKILL after the grace period. Returns the exit status, negative for a signal."""
    if process.poll() is None:
        signal_group(process, signal.SIGCONT)
        signal_group(process, signal.SIGTERM)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            pass
    return kill(process)


def kill(process):
    """SIGKILL for the whole group, also for what a leader that is already gone has left behind."""
    signal_group(process, signal.SIGKILL)
    status = process.wait()
    _running.pop(process.pid, None)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            try:
                stream.close()
            except BrokenPipeError:
                pass
    return status


def wait_until(condition, deadline, interval=0.02):
    """The condition's first true value, or its last false one when the deadline (seconds from now) has passed."""
    end_time = time.monotonic() + deadline
    while True:
        value = condition()
        if value or time.monotonic() >= end_time:
            return value
        time.sleep(interval)


@atexit.register
def _end_all():
    for process in list(_running.values()):
        end(process, grace=1.0)
