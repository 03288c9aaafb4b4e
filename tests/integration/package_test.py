"""The Debian package, from cpack to purge, on a copy of this system that is thrown away.

The copy is an overlay over / in a mount namespace of its own, so that nothing of this machine changes: dpkg, the user
and the files are the copy's. That takes root; without it the test says so and is skipped. Service control is tested as
far as it goes without a service manager: the unit is enabled and its maintainer scripts run.

    package_test.py BUILD_DIRECTORY      the tree that built $KEYSYNCD
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

SCRIPT = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(SCRIPT.parents[1] / "support"))

import system_copy  # noqa: E402
from system_copy import dpkg, run  # noqa: E402

SKIPPED = 77


def reason_to_skip():
    if subprocess.run(["dpkg-query", "--status", "keysyncd"], capture_output=True, check=False).returncode == 0:
        return "keysyncd is installed on this machine already"
    return system_copy.reason_to_skip("cpack", "dpkg", "dpkg-shlibdeps")


def files_of_ours():
    return run("find", "/etc", "/usr", "/var/lib", "-xdev", "-name", "*keysyncd*", check=False)


def mode_and_owner(path):
    return run("stat", "--format=%a %U:%G", path).strip()


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain for: {what}")


CONFIGURATION = """\
domains:
  - name: corp.example.com
    servers: [ldaps://127.0.0.1:1]
    bind: {method: simple, dn: svc, password_file: /var/lib/keysyncd/password}
"""


class PackageTest(unittest.TestCase):
    """In the order of a package's life; each step stands on the one before."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.before = files_of_ours()

    def package(self, name):
        return next((system_copy.SHARED / name).glob("keysyncd_*.deb"))

    def test_1_contents(self):
        listing = run("dpkg-deb", "--contents", self.package("first"))
        for path in ("./usr/bin/keysyncd", "./usr/lib/systemd/system/keysyncd.service", "./etc/default/keysyncd",
                     "./usr/share/man/man1/keysyncd.1.gz", "./usr/share/man/man5/keysyncd.yaml.5.gz",
                     "./usr/share/bash-completion/completions/keysyncd", "./usr/share/doc/keysyncd/copyright",
                     "./usr/share/doc/keysyncd/changelog.gz", "./usr/share/doc/keysyncd/examples/keysyncd.yaml",
                     "./usr/share/doc/keysyncd/runbooks/sync-stalled.md", "./usr/share/doc/keysyncd/openapi.yaml"):
            self.assertIn(path + "\n", listing)
        for line in listing.splitlines():
            self.assertIn(" root/root ", line, "everything in the package is root's")
        control = run("dpkg-deb", "--field", self.package("first"))
        for library in ("libc6", "libldap-2.5-0", "libssl3", "libsqlite3-0", "adduser"):
            self.assertIn(library, control)

    def test_2_install(self):
        output = dpkg("--install", str(self.package("first")))
        self.assertIn("waits for its configuration", output)
        type(self).printed = re.findall(r"(?m)^  (\S.*)$", output)
        self.assertRegex(run("keysyncd", "version"), r"^keysyncd \d+\.\d+\.\d+ ")
        self.assertIn(":/var/lib/keysyncd:/usr/sbin/nologin", run("getent", "passwd", "keysyncd"))
        self.assertEqual(mode_and_owner("/var/lib/keysyncd"), "750 keysyncd:keysyncd")
        self.assertEqual(mode_and_owner("/etc/keysyncd"), "750 root:keysyncd")
        self.assertEqual(mode_and_owner("/etc/keysyncd/secrets"), "700 root:root")
        wanted = pathlib.Path("/etc/systemd/system/multi-user.target.wants/keysyncd.service")
        self.assertTrue(wanted.is_symlink(), "the service is enabled")

    def test_3_manual_and_completion(self):
        for page in ("1/keysyncd.1", "5/keysyncd.yaml.5"):
            source = run("zcat", f"/usr/share/man/man{page}.gz")
            self.assertTrue(source.startswith(".TH KEYSYNCD"))
            if shutil.which("groff"):
                warnings = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=source, text=True,
                                          capture_output=True, check=True).stderr
                self.assertEqual(warnings, "")
        complete = """
            source /usr/share/bash-completion/completions/keysyncd
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _keysyncd; echo "${COMPREPLY[@]}"
        """
        for words, expected in (
            (["keysyncd", ""], "run check report explain decode version --help"),
            (["keysyncd", "ch"], "check"),
            (["keysyncd", "run", "--web.c"], "--web.config.file="),
            (["keysyncd", "run", "--log.format", "=", "j"], "json"),
            (["keysyncd", "report", "--format", ""], "table json csv"),
            (["keysyncd", "decode", "--format", "j"], "json"),
        ):
            self.assertEqual(run("bash", "-c", complete, "bash", *words).strip(), expected, words)

    def test_3_every_help_tells_the_exit_codes_and_the_defaults(self):
        for command in ("run", "check", "report", "explain", "decode", "version"):
            self.assertRegex(run("keysyncd", command, "--help"), r"(?s)Exit codes:\n  0  .*\n  1  .*\n  2  ")
        self.assertIn("  2  ", run("keysyncd", "--help"))
        for command, defaults in (("run", ("127.0.0.1:10061", "info", "logfmt")), ("report", ("30d", "table")),
                                  ("explain", ("text",)), ("decode", ("text",))):
            for default in defaults:
                self.assertIn(f"(default {default})", run("keysyncd", command, "--help"))

    def in_roots_shell(self, line):
        """(exit code, output) of a line as an administrator would paste it."""
        environment = {name: value for name, value in os.environ.items() if name != "CREDENTIALS_DIRECTORY"}
        done = subprocess.run(["bash", "-c", line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=environment, check=False)
        return done.returncode, done.stdout

    def write_secrets(self, *names):
        for name in names:
            secret = pathlib.Path("/etc/keysyncd/secrets", name)
            secret.write_text("sesame\n")
            secret.chmod(0o600)

    def test_4_what_the_installation_says_word_for_word(self):
        """The example is sound once its secrets are there, for root as for the service."""
        [copy, check, start] = self.printed
        self.assertEqual(start, "systemctl start keysyncd")
        self.assertEqual(self.in_roots_shell(copy), (0, ""))
        self.assertEqual(mode_and_owner("/etc/keysyncd/keysyncd.yaml"), "640 root:keysyncd")
        self.write_secrets("ad-password", "entra-client")
        for line, code in ((check.removesuffix(" --online"), 0), (check, 1)):  # nothing of the example is reachable
            done, output = self.in_roots_shell(line)
            self.assertEqual(done, code, output)
            self.assertIn("keysyncd.yaml: sound: 1 domain, Entra by Microsoft Graph", output)

    def test_4_the_readmes_configuration(self):
        readme = (system_copy.SHARED / "README.md").read_text(encoding="utf-8")
        text = re.search(r"## Configuration\n.*?```yaml\n(.*?)```", readme, re.DOTALL)[1]
        self.write_secrets(*re.findall(r"\$\{CREDENTIALS_DIRECTORY\}/secret_([\w-]+)", text))
        pathlib.Path("/etc/keysyncd/ca.pem").write_text("any")
        pathlib.Path("/etc/keysyncd/keysyncd.yaml").write_text(text)
        code, output = self.in_roots_shell("keysyncd check --config.file=/etc/keysyncd/keysyncd.yaml")
        self.assertEqual(code, 0, output)

    def test_4_every_line_of_the_runbooks_works(self):
        self.write_secrets("ad-password")
        pathlib.Path("/etc/keysyncd/keysyncd.yaml").write_text(CONFIGURATION.replace(
            "/var/lib/keysyncd/password", '"${CREDENTIALS_DIRECTORY}/secret_ad-password"'))
        lines = set()
        for runbook in pathlib.Path("/usr/share/doc/keysyncd/runbooks").glob("*.md"):
            lines |= set(re.findall(r"(?:^    |`)(\S*keysyncd (?:check|report|explain) [^`\n]+)", runbook.read_text(), re.MULTILINE))
        self.assertGreaterEqual(len(lines), 5)
        for line in lines:
            with self.subTest(line=line):
                code, output = self.in_roots_shell(line)
                reached = 0 if " check " in line and "--online" not in line else 1  # nobody answers
                self.assertEqual(code, reached, output)

    def test_5_run_as_its_user(self):
        password = pathlib.Path("/var/lib/keysyncd/password")
        password.write_text("sesame\n")
        password.chmod(0o600)
        shutil.chown(password, "keysyncd", "keysyncd")
        configuration = pathlib.Path("/etc/keysyncd/keysyncd.yaml")
        configuration.write_text(CONFIGURATION)
        configuration.chmod(0o640)
        shutil.chown(configuration, "root", "keysyncd")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with open("/tmp/keysyncd.log", "w", encoding="utf-8") as log:
            daemon = subprocess.Popen(
                ["setpriv", "--reuid=keysyncd", "--regid=keysyncd", "--init-groups", "--inh-caps=-all",
                 "--bounding-set=-all", "--no-new-privs", "keysyncd", "run", f"--config.file={configuration}",
                 f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=subprocess.STDOUT)
        try:
            def healthy():
                if daemon.poll() is not None:
                    raise AssertionError(pathlib.Path("/tmp/keysyncd.log").read_text(encoding="utf-8"))
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/healthy", timeout=2) as answer:
                        return answer.status == 200
                except urllib.error.URLError:
                    return False

            wait_until(healthy, 20, "the daemon answers /-/healthy")
        finally:
            daemon.terminate()
            code = daemon.wait(10)
        self.assertEqual(code, 0)
        self.assertEqual(mode_and_owner("/var/lib/keysyncd/ledger.db").split()[1], "keysyncd:keysyncd")

    def test_6_upgrade(self):
        default = pathlib.Path("/etc/default/keysyncd")
        default.write_text('ARGS="--log.format=json"\n')
        uid = run("id", "--user", "keysyncd")
        dpkg("--install", str(self.package("second")))
        self.assertEqual(run("dpkg-query", "--show", "--showformat=${Version}", "keysyncd"), "99.0")
        self.assertEqual(default.read_text(), 'ARGS="--log.format=json"\n', "what the administrator changed is kept")
        self.assertEqual(run("id", "--user", "keysyncd"), uid)
        self.assertTrue(pathlib.Path("/var/lib/keysyncd/ledger.db").exists())
        self.assertTrue(pathlib.Path("/etc/keysyncd/keysyncd.yaml").exists())

    def test_7_remove_keeps_what_was_measured(self):
        dpkg("--remove", "keysyncd")
        self.assertIsNone(shutil.which("keysyncd"))
        self.assertTrue(pathlib.Path("/var/lib/keysyncd/ledger.db").exists())
        self.assertTrue(pathlib.Path("/etc/keysyncd/keysyncd.yaml").exists())
        self.assertTrue(pathlib.Path("/etc/default/keysyncd").exists())

    def test_8_purge_leaves_nothing(self):
        dpkg("--purge", "keysyncd")
        self.assertEqual(files_of_ours(), self.before)
        self.assertEqual(run("getent", "passwd", "keysyncd", check=False), "")
        self.assertEqual(run("getent", "group", "keysyncd", check=False), "")


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--inside":
        system_copy.enter(*sys.argv[2:])
        unittest.main(argv=[SCRIPT.name, "--verbose"])
    reason = reason_to_skip()
    if reason:
        print(f"skipped: {reason}")
        return SKIPPED
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="keysyncd-package-") as folder:
        copy, shared = pathlib.Path(folder) / "copy", pathlib.Path(folder) / "shared"
        copy.mkdir()
        shared.mkdir()
        shutil.copy(SCRIPT.parents[2] / "README.md", shared)
        system_copy.build_package(build, shared / "first")
        system_copy.build_package(build, shared / "second", version="99.0")
        return subprocess.run(["unshare", "--mount", sys.executable, str(SCRIPT), "--inside", str(copy), str(shared)],
                              check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
