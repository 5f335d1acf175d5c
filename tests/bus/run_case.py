#!/usr/bin/env python3
"""run_case.py MODULE.CLASS.TEST: one case of the bus tests; exit 0 when it passes."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

suite = unittest.defaultTestLoader.loadTestsFromName(sys.argv[1])
result = unittest.TextTestRunner(stream=sys.stdout).run(suite)
# A skipped test is a test that did not run.
sys.exit(0 if result.wasSuccessful() and result.testsRun == 1 and not result.skipped else 1)
