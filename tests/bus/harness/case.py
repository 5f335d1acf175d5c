"""What every case begins with: directories, a bus, polkit, and a daemon when it is wanted."""
import hashlib
import json
import pathlib
import shutil
import tempfile
import time
import unittest

from .bus import MANAGER, NOBODY, PATCH, PATIENCE, ROOT, Bus, Refused, patch_path
from .daemon import Daemon
from .polkit import Polkit

RELEASE = "6.1.0-56-amd64"  # of the kernel of files

MANUAL = '[apply]\nmode = "manual"\n'


class BusCase(unittest.TestCase):
    maxDiff = None
    configuration = ""  # livepatchd.toml
    with_polkit = True
    # On a disk (state in memory is another case), below nothing that others may write.
    parent = "/var/tmp"

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="livepatchd-bus-", dir=self.parent))
        self.addCleanup(shutil.rmtree, self.directory)
        self.directory.chmod(0o755)
        self.source = self.directory / "modules"
        for path in (self.source, self.directory / "etc/repos.d", self.directory / "staging"):
            path.mkdir(parents=True)
        self.write("etc/repos.d/files.toml",
                   f'trust = "module-signature"\npath = "{self.source}"\n')
        self.write("etc/livepatchd.toml", self.configuration)
        self.bus = Bus(self.directory)
        self.bus.start()
        self.addCleanup(self.bus.stop)
        self.polkit = None
        if self.with_polkit:
            self.polkit = Polkit(self.bus)
            self.addCleanup(self.polkit.stop)
        self.daemon = None
        self.expected_status = 0  # of a daemon that still runs at the end

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    # The daemon

    def prepare(self, **options):
        """A daemon that waits for the scene to be set; goes on with self.daemon.begin()."""
        self.daemon = Daemon(self.directory, self.bus, **options)
        self.addCleanup(self._end, self.daemon)
        return self.daemon

    def start(self, **options):
        """A daemon that is ready, and a caller of it who is root."""
        self.prepare(**options).begin()
        return self.connect()

    def _end(self, daemon):
        status = daemon.close()
        self.logs += daemon.log.read_text(errors="replace")
        if status is not None:
            self.assertEqual(status, self.expected_status, "exit status of the daemon")

    def run(self, result=None):
        """Shows what the daemon said when the case failed."""
        self.logs = ""
        bad = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > bad:
            print("the daemon said:\n" + self.logs)
        return result

    def connect(self, uid=0):
        client = self.bus.connect(uid)
        self.addCleanup(client.close)
        return client

    def connect_nobody(self):
        return self.connect(NOBODY)

    # Patches

    def module(self, name, file=None, **description):
        """A livepatch file that no source has yet."""
        path = f"staging/{file or name + '.ko'}"
        self.daemon.tell("module", path, {"name": name, **description})
        return self.directory / path

    def offer(self, name, file=None, **description):
        """A livepatch file moved into the source's directory, as a package manager does."""
        path = self.module(name, file, **description)
        target = self.source / path.name
        path.rename(target)
        return target

    def offer_and_see(self, client, name, **description):
        path = self.offer(name, **description)
        self.wait_for(lambda: patch_path(name) in client.objects(), f"{name} to be seen")
        return path

    @staticmethod
    def sha256(path):
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def status_json(self):
        return json.loads((self.directory / "run/status.json").read_text())

    # Waiting

    def wait_for(self, condition, what, timeout=PATIENCE):
        """Until it is true; returns its value."""
        deadline = time.monotonic() + timeout
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                self.fail(f"waited in vain for {what}")
            time.sleep(0.02)

    def wait_state(self, client, name, state, timeout=PATIENCE):
        def is_there():
            try:
                return client.get(patch_path(name), PATCH, "State") == state
            except Refused as error:
                if "UnknownObject" in error.name or "UnknownMethod" in error.name:
                    return False
                raise

        try:
            self.wait_for(is_there, f"{name} to be {state}", timeout)
        except AssertionError as failed:
            raise AssertionError(f"{failed}; there is {self.status_json()}") from None

    def wait_manager(self, client, name, value, timeout=PATIENCE):
        self.wait_for(lambda: client.get(ROOT, MANAGER, name) == value, f"{name} to be {value}",
                      timeout)

    def refused(self, error, call, /, *arguments, **options):
        """The call is refused with that error; returns its message."""
        with self.assertRaises(Refused) as refusal:
            call(*arguments, **options)
        self.assertEqual(refusal.exception.name, error, refusal.exception.message)
        return refusal.exception.message
