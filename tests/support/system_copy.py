"""A copy of this system that is thrown away: an overlay over / in namespaces of its own, where packages can be installed
and a systemd can be booted without a trace on the machine. Linux, as root."""

import os
import pathlib
import shutil
import subprocess

SHARED = pathlib.Path("/opt/keysyncd-test")  # the folder that the copy and its maker both see


def run(*command, check=True, **options):
    """The command's output, errors included; AssertionError with all of it where it fails."""
    options.setdefault("stdin", subprocess.DEVNULL)
    result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {result.returncode}\n{result.stdout}")
    return result.stdout


def reason_to_skip(*tools):
    """Why no copy can be made here; None where one can."""
    if os.geteuid() != 0:
        return "a copy of the system is made by root; this is not root"
    for tool in ("unshare", *tools):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        return "this system does not allow mount namespaces"
    return None


def enter(folder, shared):
    """In a mount namespace of our own: / becomes a copy of itself whose changes are in memory. `folder` is empty."""
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "keysyncd-test", folder)
    upper, work, root = (pathlib.Path(folder) / name for name in ("upper", "work", "root"))
    for path in (upper, work, root):
        path.mkdir()
    run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={upper},workdir={work}", root)
    run("mount", "-t", "proc", "proc", root / "proc")
    for name in ("run", "tmp"):
        run("mount", "-t", "tmpfs", name, root / name)
    (root / "tmp").chmod(0o1777)
    mount_devices(root / "dev")
    inside = root / SHARED.relative_to("/")
    inside.mkdir(parents=True)
    run("mount", "--bind", shared, inside)
    # Not chroot: systemd in there mounts the root anew, which works only where it is one.
    (root / "old").mkdir()
    run("pivot_root", root, root / "old")
    os.chdir("/")
    run("umount", "--lazy", "/old")
    os.rmdir("/old")


def mount_devices(dev):
    run("mount", "-t", "tmpfs", "-o", "mode=755", "dev", dev)
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (dev / name).touch()
        run("mount", "--bind", f"/dev/{name}", dev / name)
    for name, kind, options in (("shm", "tmpfs", "mode=1777"), ("pts", "devpts", "newinstance,ptmxmode=0666,mode=620")):
        (dev / name).mkdir()
        run("mount", "-t", kind, "-o", options, kind, dev / name)
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (dev / name).symlink_to(target)


def build_package(build, target, version=None):
    """One .deb in `target` from the build tree; a version overrides the project's, for an upgrade."""
    command = ["cpack", "-G", "DEB", "-B", str(target), "--config", f"{build}/CPackConfig.cmake"]
    if version:
        command += ["-D", f"CPACK_PACKAGE_VERSION={version}", "-D", f"CPACK_DEBIAN_PACKAGE_VERSION={version}"]
    run(*command, cwd=build)
    shutil.rmtree(target / "_CPack_Packages", ignore_errors=True)
    return next(target.glob("keysyncd_*.deb"))


def dpkg(*arguments):
    return run("dpkg", "--force-unsafe-io", *arguments, env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
