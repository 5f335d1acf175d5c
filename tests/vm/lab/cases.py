#!/usr/bin/env python3
"""Run the VM test cases: tests/vm/cases/*.sh, each a script run as root in the guest.

Cases share boots, several machines run at a time, and the state is reset in between
(guest.sh: reset_state). A case that needs more says so in comments at its beginning:

  # boots: 2           run again in a second boot on the same disk ($BOOT tells which); the boots
                       before the last may end in a panic
  # cmdline: ARGS      more kernel arguments
  # unmasked: yes      a boot of the whole of Debian
  # alone: yes         nothing else runs on this host meanwhile (measurements)
  # packages: yes      the packages in /root/files/packages, and a machine that may be left without them
  # kernel: 6.12       only for this kernel
  # timeout: SECONDS   default 120, for each boot

Numbers may be sums of products with `kills` and `resets`: how often the daemon is killed, and the
machine reset, in all. LIVEPATCHD_KILLS says how many kills; a fifth as many are resets.
"""
import argparse
import math
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import vm

BATCH = 8  # cases a boot: few enough to spread over the machines, many enough to be worth a boot
BOOT_LIMIT = 120  # seconds: a boot takes 8 on an idle machine

KILLS = int(os.environ.get("LIVEPATCHD_KILLS") or 20)
SCALES = {"kills": KILLS, "resets": max(1, KILLS // 5)}

HEADERS = {"boots": "1", "cmdline": "", "unmasked": "no", "alone": "no", "packages": "no", "kernel": "", "timeout": "120"}


def amount(text):
    """Of a header: "60 + 12 * kills"."""
    return sum(math.prod(SCALES.get(word.strip()) or int(word) for word in term.split("*"))
               for term in text.split("+"))


class Case:
    def __init__(self, path):
        self.path = path
        self.name = os.path.splitext(os.path.basename(path))[0]
        values = dict(HEADERS)
        with open(path, encoding="utf-8") as file:
            for line in file:
                if not line.startswith("#"):
                    break
                header = re.fullmatch(r"# (\w+): (.+)\n", line)
                if header and header[1] in HEADERS:
                    values[header[1]] = header[2].strip()
        self.boots = amount(values["boots"])
        self.cmdline = values["cmdline"] + (" lab.unmasked" if values["unmasked"] == "yes" else "")
        self.alone = values["alone"] == "yes"
        self.packages = values["packages"] == "yes"
        self.kernel = values["kernel"]
        self.timeout = amount(values["timeout"])

    def shares_boot(self):
        return self.boots == 1 and not self.cmdline and not self.alone and not self.packages


def scales():
    """As the scripts see them."""
    return " ".join(f"{name.upper()}={value}" for name, value in SCALES.items())


class Reporter:
    """One line a case, and what it measured; the output of those that failed. The counts go to the
    results file."""

    def __init__(self, results):
        self.results = results
        self.lock = threading.Lock()
        self.failed = 0

    def report(self, case, passed, seconds, output=b"", reason=""):
        with self.lock:
            if self.results:
                with open(self.results, "a", encoding="utf-8") as file:
                    file.write(f"{'pass' if passed else 'fail'} {case.name}\n")
            if passed:
                print(f"ok      {case.name} ({seconds:.1f} s)", flush=True)
                for line in output.decode(errors="replace").splitlines():
                    if line.startswith("figure: "):
                        print(f"    {line}", flush=True)
                return
            self.failed += 1
            print(f"FAILED  {case.name} ({seconds:.1f} s) {reason}", flush=True)
            for line in output.decode(errors="replace").splitlines():
                print(f"    {line}", flush=True)


class Batch:
    """Follows the output of batch.sh: who ran, what they printed, who is left."""

    def __init__(self, cases, mark, reporter):
        self.left = list(cases)
        self.mark = mark.encode()
        self.reporter = reporter
        self.current = None
        self.output = b""
        self.started = 0.0
        self.pending = b""

    def emit(self, data):
        self.pending += data
        *lines, self.pending = self.pending.split(b"\n")
        for line in lines:
            self._line(line)

    def _line(self, line):
        # A case may end without a newline: the mark is not always at the beginning of a line.
        before, found, after = line.partition(self.mark)
        if not found:
            self.output += line + b"\n"
            return
        self.output += before
        words = after.decode().split()
        if words[0] == "begin":
            self.current = self.left[0]
            self.output = b""
            self.started = time.monotonic()
        elif words[0] == "end":
            self._finish(int(words[2]) == 0)

    def _finish(self, passed, reason=""):
        self.left.pop(0)
        self.reporter.report(self.current, passed, time.monotonic() - self.started, self.output, reason)
        self.current = None
        self.output = b""

    def machine_ended(self, reason):
        """Who was running then has failed."""
        self.output += self.pending
        self.pending = b""
        if self.current:
            self._finish(False, reason)


class Runner:
    def __init__(self, options, reporter):
        self.options = options
        self.reporter = reporter
        here = os.path.dirname(os.path.abspath(__file__))
        self.tests = os.path.dirname(here)

    def files(self, work, packages=False):
        """What every script finds in /root/files."""
        modules = os.path.join(work, "modules")
        if not os.path.exists(modules):
            os.symlink(self.options.modules, modules)
        names = ("guest.sh", "measure.py", "cases")
        files = [*(os.path.join(self.tests, name) for name in names), modules]
        if packages:
            directory = os.path.join(work, "packages")
            os.mkdir(directory)
            for package in self.options.package:
                shutil.copy(package, directory)
            files.append(directory)
        return files

    def boot(self, work, disk, script, **arguments):
        return vm.boot(self.options.kernel_dir, disk, script, console=os.path.join(work, "console"), **arguments)

    def run_batch(self, cases):
        """Cases that share boots; a machine that ends early is replaced for those left."""
        while cases:
            mark = "@@" + secrets.token_hex(8)
            batch = Batch(cases, mark, self.reporter)
            with tempfile.TemporaryDirectory(prefix="lab-") as work:
                script = os.path.join(work, "batch.sh")
                with open(os.path.join(self.tests, "batch.sh"), encoding="utf-8") as file:
                    body = file.read()
                names = " ".join(f"{case.name}:{case.timeout}" for case in cases)
                with open(script, "w", encoding="utf-8") as file:
                    file.write(f"#!/bin/bash\nMARK={mark}\nCASES='{names}'\nexport {scales()}\n{body}")
                limit = BOOT_LIMIT + sum(case.timeout + 30 for case in cases)
                result = self.boot(work, vm.Disk(self.options.image, work), script, files=self.files(work),
                                   deadline=time.monotonic() + limit, emit=batch.emit)
                ended = result.status is None
                if ended and batch.current:
                    vm.save_log(os.path.join(work, "console"), batch.current.name)
                batch.machine_ended("timed out" if result.timed_out else "the machine ended")
                if len(batch.left) == len(cases):  # not even one: no use in trying again
                    if os.path.exists(os.path.join(work, "console")):
                        vm.save_log(os.path.join(work, "console"), "batch")
                    for case in batch.left:
                        self.reporter.report(case, False, 0, batch.output, "the machine did not get to it")
                    return
            cases = batch.left

    def run_own(self, case):
        """A case with boots or kernel arguments of its own."""
        started = time.monotonic()
        output = []
        reason = ""
        with tempfile.TemporaryDirectory(prefix="lab-") as work:
            disk = vm.Disk(self.options.image, work)
            passed = False
            for number in range(1, case.boots + 1):
                output.append(f"--- boot {number}\n".encode())
                script = os.path.join(work, f"boot-{number}.sh")
                with open(script, "w", encoding="utf-8") as file:
                    prepare = "(. /root/files/guest.sh && reset_state) >/dev/null || exit 1\n" if number == 1 else ""
                    file.write(f"#!/bin/bash\nexport BOOT={number} {scales()}\n{prepare}"
                               f"bash /root/files/cases/{case.name}.sh && exit\nstatus=$?\n"
                               ". /root/files/guest.sh && describe_state\nexit $status\n")
                result = self.boot(work, disk, script, last=number == case.boots,
                                   files=self.files(work, case.packages) if number == 1 else (), cmdline=case.cmdline,
                                   deadline=time.monotonic() + BOOT_LIMIT + case.timeout, emit=output.append)
                passed = result.status == 0
                if result.timed_out or result.status not in (0, None):
                    break
            if not passed:
                reason = "timed out" if result.timed_out else "the machine ended" if result.status is None else ""
                vm.save_log(os.path.join(work, "console"), case.name)
        self.reporter.report(case, passed, time.monotonic() - started, b"".join(output), reason)


def guarded(reporter, cases, work):
    """A fault of the lab is a failure of the cases that it was to run."""
    try:
        work()
    except Exception as error:  # pylint: disable=broad-except
        for case in cases:
            reporter.report(case, False, 0, str(error).encode(), "the lab failed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel-dir", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("--modules", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--package", action="append", default=[], help="an installed package; may be repeated")
    parser.add_argument("--results")
    parser.add_argument("--filter", default="")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 1)))
    parser.add_argument("cases", nargs="+")
    options = parser.parse_args()

    cases = [Case(path) for path in sorted(options.cases)]
    cases = [case for case in cases if case.kernel in ("", options.kernel) and re.search(options.filter, case.name)]
    reporter = Reporter(options.results)
    runner = Runner(options, reporter)

    shared = [case for case in cases if case.shares_boot()]
    size = max(1, min(BATCH, -(-len(shared) // options.jobs)))
    with ThreadPoolExecutor(options.jobs) as pool:
        for case in cases:  # the long ones first
            if not case.shares_boot() and not case.alone:
                pool.submit(guarded, reporter, [case], lambda case=case: runner.run_own(case))
        for start in range(0, len(shared), size):
            batch = shared[start:start + size]
            pool.submit(guarded, reporter, batch, lambda batch=batch: runner.run_batch(batch))
    for case in cases:
        if case.alone:
            guarded(reporter, [case], lambda case=case: runner.run_own(case))
    return 1 if reporter.failed else 0


def stop(_signal, _frame):
    """The machines die with us, and no thread is waited for."""
    shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
    os._exit(130)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="lab-cases-") as everything:
        tempfile.tempdir = everything
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)
        sys.exit(main())
