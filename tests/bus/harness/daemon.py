"""livepatchd-emulated (emulated_daemon.cpp), and what systemd would be for it."""
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import time

from .bus import PATIENCE

PROGRAM = os.environ.get("LIVEPATCHD_EMULATED", "livepatchd-emulated")


class Notifications:
    """The socket that the daemon tells its state to (sd_notify(3))."""

    def __init__(self, path):
        self.path = str(path)
        path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.seen = []  # (time, text)

    def close(self):
        self.socket.close()

    def wait(self, wanted, timeout=PATIENCE):
        """Until the next message with that line; False when none comes."""
        deadline = time.monotonic() + timeout
        while True:
            ready, _, _ = select.select([self.socket], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                return False
            text = self.socket.recv(4096).decode()
            self.seen.append((time.monotonic(), text))
            if wanted in text.splitlines():
                return True


class Daemon:
    """One run of the daemon. The kernel is in its process, and stays in its files after it."""

    def __init__(self, directory, bus, transition_ms=20, watchdog_seconds=None):
        self.directory = directory
        self.log = directory / "log"
        self.notifications = Notifications(directory / "notify")
        environment = {
            **os.environ,
            "DBUS_SYSTEM_BUS_ADDRESS": bus.address,
            "NOTIFY_SOCKET": self.notifications.path,
        }
        # What is freed is given back, so that memory() means something under the sanitizers too.
        environment["ASAN_OPTIONS"] = ":".join(filter(None, (
            environment.get("ASAN_OPTIONS"), "quarantine_size_mb=1",
            "allocator_release_to_os_interval_ms=0")))
        for name in ("JOURNAL_STREAM", "WATCHDOG_USEC", "WATCHDOG_PID"):
            environment.pop(name, None)
        if watchdog_seconds:
            environment["WATCHDOG_USEC"] = str(int(watchdog_seconds * 1e6))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, str(directory), str(transition_ms)], env=environment,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)

    def tell(self, *command):
        """A command of control.cpp, and what it answers."""
        self._write(command)
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else b""
        assert line, f"no answer to {command}"
        answer = json.loads(line)
        assert "error" not in answer, f"{command}: {answer['error']}"
        return answer["value"]

    def _write(self, command):
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def begin(self):
        """The scene is set: the daemon starts, and is ready when this returns."""
        self._write(["start"])
        assert self.notifications.wait("READY=1", 30), "the daemon was not ready within 30 s"

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=PATIENCE):
        """Its exit status."""
        return self.process.wait(timeout)

    def stop(self):
        """As systemd would; the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        """Nothing of it is left; the exit status if it still ran, which it has to be told."""
        status = None
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                status = self.wait()
            except subprocess.TimeoutExpired:
                self.kill()
                status = "no end"
        self.process.stdin.close()
        self.process.stdout.close()
        self.notifications.close()
        return status

    def wake_ups(self):
        """How often each of its threads has waited for something so far."""
        counts = {}
        for status in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/status"):
            for line in status.read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches"):
                    counts[status.parent.name] = int(line.split()[1])
        return counts

    def memory(self):
        """Bytes of memory that it has: resident, but for files."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no RssAnon")
