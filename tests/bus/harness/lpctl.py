"""The command line on the test's bus, with the test's files for its kernel."""
import json
import os
import shutil
import subprocess
import time

from . import answers
from .bus import PATIENCE
from .case import BusCase

PROGRAM = os.environ.get("LPCTL", "lpctl-test")


class LpctlCase(BusCase):
    def environment(self):
        environment = {
            "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent", "TZ": "UTC",
            "DBUS_SYSTEM_BUS_ADDRESS": self.bus.address,
            "LIVEPATCHD_TEST_ROOT": str(self.directory),
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        return environment

    def program(self, uid=0):
        """Where its user may come: a clone may lie below /root."""
        copy = self.directory / "lpctl"
        if uid and not copy.exists():
            shutil.copy(PROGRAM, copy)
        return copy if uid else PROGRAM

    def run_lpctl(self, *arguments, uid=0):
        began = time.monotonic()
        run = subprocess.run([self.program(uid), *arguments], env=self.environment(), user=uid, text=True,
                             stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE * 2,
                             check=False)
        run.seconds = time.monotonic() - began
        return run

    def lpctl(self, status, *arguments, uid=0):
        """Runs it, which has to exit with that status; what it prints, for --json as a value."""
        run = self.run_lpctl(*arguments, uid=uid)
        self.assertEqual(run.returncode, status, f"{arguments}: {run.stdout}\n{run.stderr}")
        if "--json" not in arguments:
            return run.stdout + run.stderr
        value = json.loads(run.stdout)
        answers.check(next(word for word in arguments if not word.startswith("-")), value)
        return value
