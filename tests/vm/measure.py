#!/usr/bin/env python3
"""measure.py FIGURE MODULE.ko: measured inside the VM, as root, by tests/vm/cases.

Prints what was measured, median and worst, and fails when it is over its budget (docs/benchmarks.md).
Lines that begin with "figure: " are shown by ./dev test also when the case passes.

  notice   the kernel says "patching complete" -> State=enabled on the bus
  apply    lpctl apply, start to end, against bare insmod and waiting for transition=0
  entry    a file moved into a source's directory -> the kernel enables the patch
  rest     memory after a verification, and wake-ups while nothing moves
  start    systemctl restart -> READY
"""
import os
import pathlib
import re
import select
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import time

REPEATS = 10
PATIENCE = 30  # seconds
LIVEPATCH = pathlib.Path("/sys/kernel/livepatch")


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def wait_for(condition, what, pause=0.02):
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > end:
            sys.exit(f"FAILED: waited in vain for {what}")
        time.sleep(pause)
    return value


def is_enabled(module):
    try:
        directory = LIVEPATCH / module
        return (directory / "transition").read_text() == "0\n" and (directory / "enabled").read_text() == "1\n"
    except FileNotFoundError:
        return False


def is_absent(module):
    return not (LIVEPATCH / module).exists() and not pathlib.Path(f"/sys/module/{module}").exists()


def figures(what, values, unit="ms"):
    print(f"figure: {what}: median {statistics.median(values):.1f} {unit}, worst {max(values):.1f} {unit}, "
          f"all {' '.join(f'{value:.1f}' for value in sorted(values))}")
    return statistics.median(values)


def verdict(what, value, budget, unit=""):
    good = value <= budget
    print(f"figure: {what}: {value:.2f}{unit}, budget {budget}{unit}{'' if good else ', EXCEEDED'}")
    return good


class KernelLog:
    """Records of /dev/kmsg from now on, with their time in microseconds of the kernel's own clock."""

    def __init__(self):
        self.file = os.open("/dev/kmsg", os.O_RDWR | os.O_NONBLOCK)
        os.lseek(self.file, 0, os.SEEK_END)

    def wait(self, text, patience=PATIENCE):
        """The time of the first record from now on that holds it; nothing when none comes."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            select.select([self.file], [], [], 0.1)
            try:
                header, message = os.read(self.file, 8192).decode(errors="replace").split(";", 1)
            except BlockingIOError:
                continue
            if text in message:
                return int(header.split(",")[2])
        return None

    def said(self, text):
        return self.wait(text) or sys.exit(f"FAILED: the kernel never said '{text}'")

    def ahead(self):
        """Microseconds that its clock is ahead of CLOCK_MONOTONIC: the two may drift."""
        for _ in range(REPEATS):
            before = time.monotonic_ns()
            mark = f"measure {before}"
            os.write(self.file, mark.encode() + b"\n")
            after = time.monotonic_ns()
            if stamp := self.wait(mark, 2):  # the kernel may leave out what is written to its log
                return stamp - (before + after) / 2000
        return sys.exit("FAILED: the kernel's log does not take what is written to it")


class Bus:
    """As little of D-Bus as it takes to hear signals; the machine has no library for it."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect("/run/dbus/system_bus_socket")
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        self.socket.recv(256)
        self.socket.sendall(b"BEGIN\r\n")
        self.serial = 0
        self.call("Hello")
        self.call("AddMatch", "type='signal',interface='org.freedesktop.DBus.Properties',"
                              "path_namespace='/org/livepatchd1/patch'")

    @staticmethod
    def string(text):
        return struct.pack("<I", len(text)) + text.encode() + b"\0"

    @staticmethod
    def padded(data, size=8):
        return data + b"\0" * (-len(data) % size)

    def call(self, method, argument=None):
        fields = b""
        for code, kind, value in ((1, "o", "/org/freedesktop/DBus"), (2, "s", "org.freedesktop.DBus"),
                                  (3, "s", method), (6, "s", "org.freedesktop.DBus")):
            fields = self.padded(fields) + bytes([code, 1]) + kind.encode() + b"\0" + self.string(value)
        body = b""
        if argument:
            fields = self.padded(fields) + b"\x08\x01g\0\x01s\0"
            body = self.string(argument)
        self.serial += 1
        head = struct.pack("<4BIII", ord("l"), 1, 0, 1, len(body), self.serial, len(fields))
        self.socket.sendall(self.padded(head + fields) + body)

    def receive(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                sys.exit("FAILED: the bus went away")
            data += part
        return data

    def wait_enabled(self):
        """The time when State=enabled came, CLOCK_MONOTONIC."""
        wanted = re.compile(rb"State\0\x01s\0\0{0,3}\x07\0\0\0enabled\0")
        self.socket.settimeout(PATIENCE)
        while True:
            head = self.receive(16)
            now = time.monotonic_ns()
            body, fields = struct.unpack_from("<I", head, 4)[0], struct.unpack_from("<I", head, 12)[0]
            if wanted.search(self.receive(fields + -fields % 8 + body)):
                return now


class Patch:
    """A test livepatch, known to the daemon and reverted: nobody applies it by himself any more."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.name = self.path.stem
        self.source = pathlib.Path(f"/var/lib/kpatch/{os.uname().release}")

    def offer(self):
        new = self.source / f".{self.path.name}.new"
        shutil.copy(self.path, new)
        moved = time.monotonic_ns()
        new.rename(self.source / self.path.name)
        return moved

    def withdraw(self):
        (self.source / self.path.name).unlink()

    def wait_enabled(self):
        wait_for(lambda: is_enabled(self.name), f"{self.name} to be enabled")

    def revert(self):
        run("lpctl", "revert", self.name)
        wait_for(lambda: is_absent(self.name), f"{self.name} to go")

    def hold(self):
        self.offer()
        self.wait_enabled()
        self.revert()

    def insert(self):
        run("insmod", self.path)
        wait_for(lambda: is_enabled(self.name), f"{self.name} to be enabled", pause=0.005)

    def remove(self):
        (LIVEPATCH / self.name / "enabled").write_text("0")
        wait_for(lambda: not (LIVEPATCH / self.name).exists(), f"{self.name} to be disabled")
        wait_for(lambda: subprocess.run(["rmmod", self.name], check=False,
                                        stderr=subprocess.DEVNULL).returncode == 0, "rmmod")


def notice(patch):
    patch.hold()
    bus, log, late = Bus(), KernelLog(), []
    for _ in range(REPEATS):
        # Beside us: a transition may end before lpctl does, and who listens does not wait for that.
        apply = subprocess.Popen(["lpctl", "apply", "--no-wait", patch.name], stdout=subprocess.DEVNULL)
        seen = bus.wait_enabled()
        if apply.wait() != 0:
            sys.exit("FAILED: lpctl apply")
        said = log.said(f"'{patch.name}': patching complete")
        late.append((seen / 1000 - (said - log.ahead())) / 1000)
        time.sleep(0.5)  # what follows an operation belongs to it
        patch.revert()
        time.sleep(0.5)
    median = figures('"patching complete" -> State=enabled on the bus', late)
    return verdict("median", median, 20, " ms")


def apply(patch):
    """How long a transition takes is chance: when a task misses its first round, the next is at a whole
    second of the kernel's clock (kernel/livepatch/transition.c: round_jiffies_relative). So the kernel's own
    time, from its log, is taken out of each run, and what is left of both, medians, is laid upon one and the
    same transition: the median of all. The case has kept each processor busy since boot."""
    log = KernelLog()

    def timed(work):
        began = time.monotonic()
        work()
        took = (time.monotonic() - began) * 1000
        enabling = log.said(f"enabling patch '{patch.name}'")
        own = (log.said(f"'{patch.name}': patching complete") - enabling) / 1000
        return took - own, own

    patch.hold()
    log.said(f"'{patch.name}': unpatching complete")
    bare, ours = [], []
    for _ in range(REPEATS):
        bare.append(timed(patch.insert))
        time.sleep(0.5)
        patch.remove()
        time.sleep(0.5)
        ours.append(timed(lambda: run("lpctl", "apply", patch.name)))
        if not is_enabled(patch.name):
            sys.exit("FAILED: lpctl apply ended before the transition did")
        time.sleep(0.5)
        patch.revert()
        time.sleep(0.5)
    kernel = figures("the kernel's own time", [own for _, own in bare + ours])
    ratio = ((kernel + figures("lpctl apply beside it", [rest for rest, _ in ours]))
             / (kernel + figures("insmod and wait beside it", [rest for rest, _ in bare])))
    return verdict("ratio", ratio, 1.10)


def entry(patch):
    """Not against a budget: that one is for a machine, not for an emulated one."""
    log, took = KernelLog(), []
    for _ in range(REPEATS):
        moved = patch.offer()
        said = log.said(f"enabling patch '{patch.name}'")
        took.append(((said - log.ahead()) * 1000 - moved) / 1e6)
        patch.wait_enabled()
        time.sleep(1)
        patch.revert()
        patch.withdraw()
        run("systemctl", "stop", "livepatchd.service")  # forgets that it was reverted
        for file in pathlib.Path("/var/lib/livepatchd").glob("state.json*"):
            file.unlink()
        run("systemctl", "start", "livepatchd.service")
        time.sleep(1)
    figures("file moved in -> enabling", took)
    return True


def main_pid():
    return int(subprocess.run(["systemctl", "show", "-p", "MainPID", "--value", "livepatchd.service"], check=True,
                              stdout=subprocess.PIPE).stdout)


def memory(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {line.split()[0][:-1]: int(line.split()[1]) / 1024 for line in text.splitlines()[1:]}


def wake_ups(pid):
    """How often each thread has waited for something so far."""
    counts = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        status = (task / "status").read_text()
        counts[task.name] = int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", status, re.M)[1])
    return counts


def waits_for(pid):
    """What each thread waits in, and what can wake the loop."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        print(f"  thread {task.name} waits in {(task / 'wchan').read_text()}")
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        for target in re.findall(r"^tfd:\s*(\d+)", info.read_text(), re.M):
            print(f"  the loop waits for {target}: {os.readlink(f'/proc/{pid}/fd/{target}')}")


def rest(patch):
    patch.offer()
    patch.wait_enabled()
    time.sleep(10)
    pid = main_pid()
    used = memory(pid)
    print("figure: memory: " + ", ".join(f"{key} {used[key]:.2f} MB" for key in ("Rss", "Pss", "Anonymous", "Private_Dirty")))
    before = wake_ups(pid)
    time.sleep(60)
    after = wake_ups(pid)
    waits_for(pid)
    woken = {task: after[task] - before.get(task, 0) for task in after}
    print("figure: wake-ups in 60 s: " + ", ".join(f"thread {task}: {count}" for task, count in woken.items()))
    # The watchdog's: WatchdogSec=60, so every 30 s; and one more at the edge of the minute.
    return all([verdict("anonymous", used["Anonymous"], 4, " MB"), verdict("PSS", used["Pss"], 14, " MB"),
                verdict("wake-ups", sum(woken.values()), 3)])


def start(patch):
    """Not against a budget; with a loaded patch and one file to be verified."""
    patch.offer()
    patch.wait_enabled()
    took = []
    for _ in range(REPEATS):
        began = time.monotonic()
        run("systemctl", "restart", "livepatchd.service")
        took.append((time.monotonic() - began) * 1000)
    figures("systemctl restart until READY", took)
    return True


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    measured = {"notice": notice, "apply": apply, "entry": entry, "rest": rest, "start": start}[sys.argv[1]]
    sys.exit(0 if measured(Patch(sys.argv[2])) else 1)
