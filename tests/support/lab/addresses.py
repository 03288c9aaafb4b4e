"""Loopback addresses and ports that parallel test runs do not take from each other.

The LDAP ports of a domain controller are fixed, so each one needs an address of its own in 127.0.0.0/8. An address is
leased by an advisory lock on a file named for it; the lock is handed down to the server, so that it holds for as long
as anything of it still runs.
"""

import fcntl
import os
import pathlib
import socket

from .errors import LabError

_FIRST, _LAST = (77, 11), (77, 250)


class AddressLease:
    """A loopback address that no other lease has until this one is closed."""

    def __init__(self, ports=(53, 88, 389, 464, 636, 3268, 3269)):
        self.address, self._lock = self._take(ports)

    @property
    def lock_descriptor(self):
        return self._lock

    def close(self):
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @staticmethod
    def _take(ports):
        folder = pathlib.Path("/tmp/keysyncd-lab-addresses")  # the same for everyone, whatever TMPDIR says
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            folder.chmod(0o1777)
        for last in range(_FIRST[1], _LAST[1]):
            address = f"127.{_FIRST[0]}.0.{last}"
            lock = _lock_file(folder / address)
            if lock is None:
                continue
            if all(_is_free(address, port) for port in ports):
                return address, lock
            os.close(lock)
        raise LabError(f"no free loopback address from 127.{_FIRST[0]}.0.{_FIRST[1]} on: is the right to bind ports "
                       "below 1024 missing? Run as root or inside `unshare -r -n` with the loopback interface up")


def _lock_file(path):
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except PermissionError:
        return None  # left by another user
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _is_free(address, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def free_port(address="127.0.0.1"):
    """A TCP port that was free a moment ago, for servers that cannot be told to choose their own."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def preferred_port(port, address="127.0.0.1"):
    """The well-known port where it is free, another one where it is not."""
    return port if _is_free(address, port) else free_port(address)
