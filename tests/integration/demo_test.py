#!/usr/bin/python3
"""The demonstration does what the README says: shows real figures, ends by itself or on Ctrl-C, leaves nothing behind."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from lab import children
from lab.keysyncd_process import binary


class DemonstrationTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="keysyncd-demo-test-")
        self.addCleanup(self.scratch.cleanup)

    def start(self, *arguments):
        """demo.py without the build around it, with every temporary file in a folder of the test's."""
        process = children.start(
            [sys.executable, ROOT / "deploy/demo/demo.py", *arguments], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "KEYSYNCD": binary(), "TMPDIR": self.scratch.name, "PYTHONUNBUFFERED": "1"})
        self.addCleanup(children.end, process)
        return process

    def assert_nothing_left(self):
        self.assertEqual(list(pathlib.Path(self.scratch.name).iterdir()), [])
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().decode(errors="replace")
                environment = (folder / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            self.assertNotIn(f"TMPDIR={self.scratch.name}", environment, f"still running: {words}")

    def test_it_shows_figures_and_ends_by_itself(self):
        process = self.start("--for", "25s", "--cycle", "6s", "--users", "24", "--seed", "7")
        output, _ = process.communicate(timeout=100)
        self.assertEqual(process.returncode, 0, output)
        summary = output[output.index("Summary"):]
        registered, told = map(int, re.search(r"registered in Entra +(\d+) \(the demonstration registered (\d+)\)",
                                              summary).groups())
        self.assertEqual(registered, told, output)
        self.assertGreater(registered, 3, output)
        measured = int(re.search(r"delays measured +(\d+)", summary)[1])
        self.assertGreater(measured, 0, output)
        self.assertRegex(output, r"http://127\.0\.0\.1:\d+/metrics")
        self.assert_nothing_left()

    def test_ctrl_c_stops_everything(self):
        process = self.start("--users", "8")
        shown = ""
        for line in process.stdout:
            shown += line
            if "Ctrl-C stops" in line:
                break
        else:
            self.fail(f"it ended before it was stopped:\n{shown}")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0, shown + output)
        self.assertIn("nothing is left behind", output)
        self.assert_nothing_left()

    def test_a_wrong_option_is_refused_before_anything_starts(self):
        process = self.start("--cycle", "soon")
        output, _ = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 2)
        self.assertIn("expected a duration such as 90s", output)


if __name__ == "__main__":
    children.exit_on_signals()
    unittest.main(verbosity=2)
