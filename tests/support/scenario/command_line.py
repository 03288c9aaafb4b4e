"""How the programs of the scenario are started: as unittest's, with the seed of their plan."""

import sys
import unittest

from lab import children


def main(case):
    """`--seed N` goes to the class' `seed`, the rest of the command line to unittest."""
    children.exit_on_signals()
    if "--seed" in sys.argv:
        at = sys.argv.index("--seed")
        case.seed = int(sys.argv[at + 1])
        del sys.argv[at : at + 2]
    unittest.main(verbosity=1)
