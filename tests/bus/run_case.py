#!/usr/bin/env python3
"""run_case.py MODULE.CLASS.TEST: one case of the bus tests; exit 0 when it passes.

Callers are root and nobody, and a source of patches has to be root's: so is whoever runs this.
"""
import os
import pathlib
import sys
import unittest

if os.geteuid() != 0:
    settings = [f"{name}={value}" for name, value in os.environ.items()]
    os.execvp("sudo", ["sudo", "-n", "--", "env", *settings, sys.executable, "-B", *sys.argv])

sys.path.insert(0, str(pathlib.Path(__file__).parent))

suite = unittest.defaultTestLoader.loadTestsFromName(sys.argv[1])
result = unittest.TextTestRunner(stream=sys.stdout).run(suite)
# A skipped test is a test that did not run.
sys.exit(0 if result.wasSuccessful() and result.testsRun == 1 and not result.skipped else 1)
