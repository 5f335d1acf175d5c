"""From a web server to the kernel: livepatch-fetch, its mirror, and the daemon that reads it."""
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time

from harness.bus import MANAGER, PATCH, PATIENCE, ROOT, patch_path
from harness.daemon import Daemon
from harness.repository import RepositoryCase, entry
from harness.web import Web

PROGRAM = os.environ.get("LIVEPATCH_FETCH", "livepatch-fetch-test")
KILLS = int(os.environ.get("LIVEPATCHD_KILLS", "20"))


class Fetch(RepositoryCase):
    def setUp(self):
        super().setUp()
        self.web = Web(self.directory / "repo")
        self.addCleanup(self.web.close)
        self.write("etc/repos.d/corp.toml",
                   f'url = "{self.web.url}"\nroot = "{self.directory}/repo.root.json"\nallow_http = true\n')

    def run_fetch(self):
        return subprocess.Popen([PROGRAM], env={**os.environ, "LIVEPATCHD_TEST_ROOT": str(self.directory)},
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def fetch(self, status=0):
        """A run to its end, with this exit status; what it says."""
        run = self.run_fetch()
        said, _ = run.communicate(timeout=PATIENCE * 4)
        self.assertEqual(run.returncode, status, said)
        return said

    def reasons(self, client):
        return [one.split(": ")[0] for one in client.manager_property("HealthReasons")]


class Fetching(Fetch):
    def test_what_is_published_comes_to_the_kernel(self):
        client = self.begin(entry("LP-1", "lp_1"))
        self.wait_for(lambda: "source-unreachable" in self.reasons(client), "the mirror to be missed")
        self.assertIn("corp: fetched LP-1", self.fetch())
        self.wait_state(client, "lp_1", "enabled")
        self.assertIn("nothing new", self.fetch())
        self.publish(entry("LP-1", "lp_1"), entry("LP-2", "lp_2"), rotate=True)
        self.assertIn("corp: fetched LP-2", self.fetch())
        self.wait_state(client, "lp_2", "enabled")
        sha256 = client.get(patch_path("lp_2"), PATCH, "Sha256")
        self.publish(entry("LP-1", "lp_1"), entry("LP-2", "lp_2"),
                     brakes=[{"sha256": sha256, "reason": "stop"}])
        self.fetch()
        self.wait_for(lambda: client.get(patch_path("lp_2"), PATCH, "Disposition") == "withdrawn",
                      "the brake")
        self.wait_state(client, "lp_2", "enabled")

    def test_who_asks_for_what_is_new_has_it_fetched(self):
        wanted = self.directory / "run/fetch-wanted"
        client = self.begin(entry("LP-1", "lp_1"))
        self.assertFalse(wanted.exists())
        client.manager("Refresh")
        self.assertTrue(wanted.exists())
        first = wanted.stat().st_ino
        client.manager("Refresh")
        self.assertNotEqual(wanted.stat().st_ino, first)
        # Without a repository elsewhere there is nobody to ask.
        wanted.unlink()
        (self.directory / "etc/repos.d/corp.toml").unlink()
        self.daemon.signal(signal.SIGHUP)
        self.wait_for(lambda: not self.reasons(client), "the source to be forgotten")
        client.manager("Refresh")
        self.assertFalse(wanted.exists())

    def test_nothing_new_is_not_read_again(self):
        client = self.begin(entry("LP-1", "lp_1"))
        self.fetch()
        self.wait_state(client, "lp_1", "enabled")
        self.wait_manager(client, "Health", "ok")
        before = client.manager_property("LastRefresh")
        self.fetch()
        time.sleep(0.5)
        self.assertEqual(client.manager_property("LastRefresh"), before)

    def test_a_module_that_is_missing_is_missed_until_it_is_there(self):
        client = self.begin(entry("LP-1", "lp_1"))
        self.fetch()
        self.wait_state(client, "lp_1", "enabled")
        self.publish(entry("LP-1", "lp_1"), entry("LP-2", "lp_2"))
        (module,) = (self.directory / "repo/targets/modules").rglob("*.LP-2.ko")
        module.rename(self.directory / "aside")
        self.assertIn("is not there, though the signed metadata names it", self.fetch(6))
        self.wait_for(lambda: "source-incomplete" in self.reasons(client), "the module to be missed")
        self.wait_state(client, "lp_1", "enabled")
        (self.directory / "aside").rename(module)
        self.fetch()
        self.wait_state(client, "lp_2", "enabled")
        self.wait_for(lambda: "source-incomplete" not in self.reasons(client), "nothing to be missed")

    def test_a_trust_that_is_reset_is_so_on_both_sides(self):
        client = self.begin(entry("LP-1", "lp_1"))
        self.fetch()
        self.wait_state(client, "lp_1", "enabled")
        self.daemon.tell("publish", "other", {"patches": [entry("LP-1", "lp_1"), entry("LP-2", "lp_2")]})
        (self.directory / "repo").rename(self.directory / "gone")
        (self.directory / "other").rename(self.directory / "repo")
        (self.directory / "other.root.json").replace(self.directory / "repo.root.json")
        self.fetch(6)
        client.call(ROOT, MANAGER, "ResetTrust", "s", "corp")
        self.assertIn("the trust in it was reset", self.fetch())
        self.wait_state(client, "lp_2", "enabled")
        self.wait_manager(client, "Health", "ok")


class StrangeHands(Fetch):
    """What who has taken over livepatch-fetch can do: the mirror is his."""

    def setUp(self):
        super().setUp()
        self.client = self.begin(entry("LP-1", "lp_1"))
        self.fetch()
        self.wait_state(self.client, "lp_1", "enabled")
        self.wait_manager(self.client, "Health", "ok")
        self.mirror = self.directory / "mirror/corp"
        self.timestamp = self.mirror / "metadata/timestamp.json"

    def goes_wrong(self):
        """The source is refused, and the rest goes on."""
        self.wait_for(lambda: self.reasons(self.client), "the mirror to be refused")
        self.assertEqual(self.client.get(patch_path("lp_1"), PATCH, "State"), "enabled")

    def recovers(self):
        self.publish(entry("LP-1", "lp_1"), entry("LP-2", "lp_2"))
        self.fetch()
        self.wait_state(self.client, "lp_2", "enabled")
        self.wait_manager(self.client, "Health", "ok")

    def replace(self, path, make):
        """At once, as rename(2) does it."""
        made = self.directory / "made"
        make(made)
        if path.is_dir() and not path.is_symlink():
            path.rename(self.directory / "aside")
        made.replace(path)

    def test_a_fifo_is_not_waited_for(self):
        self.replace(self.timestamp, os.mkfifo)
        self.goes_wrong()
        self.timestamp.unlink()
        self.recovers()

    def test_a_file_without_an_end(self):
        self.replace(self.timestamp, lambda path: path.symlink_to("/dev/zero"))
        self.goes_wrong()
        self.timestamp.unlink()
        self.recovers()

    def test_a_huge_file(self):
        def make(path):
            with path.open("wb") as file:
                file.truncate(1 << 40)
        self.replace(self.timestamp, make)
        self.goes_wrong()
        self.timestamp.unlink()
        self.recovers()

    def test_a_directory_that_is_a_link(self):
        self.replace(self.mirror / "metadata", lambda path: path.symlink_to("/proc/self/fd"))
        self.goes_wrong()
        (self.mirror / "metadata").unlink()
        self.recovers()

    def test_a_mirror_that_is_a_link(self):
        self.replace(self.mirror, lambda path: path.symlink_to("/dev"))
        self.goes_wrong()
        self.mirror.unlink()
        self.recovers()

    def test_a_mirror_that_never_rests_keeps_no_admin_waiting(self):
        text, ends = self.timestamp.read_bytes(), threading.Event()

        def rewrite():
            while not ends.is_set():
                self.replace(self.timestamp, lambda path: path.write_bytes(text))

        writer = threading.Thread(target=rewrite)
        writer.start()
        try:
            time.sleep(1)
            began = time.monotonic()
            self.client.revert("lp_1")
            self.assertLess(time.monotonic() - began, PATIENCE / 4)
            self.wait_state(self.client, "lp_1", "absent")
        finally:
            ends.set()
            writer.join()


class Encrypted(Fetch):
    def test_a_server_is_believed_by_the_authorities_that_are_named(self):
        self.begin(entry("LP-1", "lp_1"))
        key, certificate = self.directory / "key.pem", self.directory / "ca.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        web = Web(self.directory / "repo", certificate, key)
        self.addCleanup(web.close)
        source = f'url = "{web.url}"\nroot = "{self.directory}/repo.root.json"\n'
        self.write("etc/repos.d/corp.toml", source)
        self.assertRegex(self.fetch(1), r"(?i)certificate")
        self.assertEqual(web.requests, [])
        self.write("etc/repos.d/corp.toml", source + f'ca_file = "{certificate}"\n')
        self.assertIn("corp: fetched LP-1", self.fetch())


class Killing(Fetch):
    """SIGKILL of the fetcher and of the daemon, at any moment of many updates."""

    def setUp(self):
        super().setUp()
        # Who publishes lives on, and signs modules with a key that another process does not know.
        place = self.directory / "publisher"
        for path in ("etc", "staging"):
            (place / path).mkdir(parents=True)
        self.publisher = Daemon(place, self.bus)
        self.addCleanup(self.publisher.close)
        self.web.directory = place / "repo"
        with (self.directory / "etc/repos.d/corp.toml").open("a") as source:
            source.write('module_signature = "ignore"\n')

    def publish(self, *patches, **said):
        self.publisher.tell("publish", "repo", {"patches": list(patches), **said})
        (self.directory / "repo.root.json").write_bytes((self.publisher.directory / "repo.root.json").read_bytes())

    def check_mirror(self):
        """It is a state of the repository, whole but for modules; returns its version."""
        metadata = self.directory / "mirror/corp/metadata"
        try:
            timestamp = json.loads((metadata / "timestamp.json").read_bytes())["signed"]
        except FileNotFoundError:
            return 0
        (name, snapshot), = timestamp["meta"].items()
        signed = self.check_file(metadata, name, snapshot)
        for name, reference in signed["meta"].items():
            self.check_file(metadata, name, reference)
        return timestamp["version"]

    def check_file(self, directory, name, reference):
        data = (directory / f"{reference['version']}.{name}").read_bytes()
        if "hashes" in reference:
            self.assertEqual(hashlib.sha256(data).hexdigest(), reference["hashes"]["sha256"], name)
        signed = json.loads(data)["signed"]
        self.assertEqual(signed["version"], reference["version"], name)
        return signed

    def kill_fetch(self, within):
        run = self.run_fetch()
        try:
            run.wait(random.uniform(0, within))
        except subprocess.TimeoutExpired:
            run.kill()
        run.communicate()
        return run.returncode < 0

    def test_killed_at_any_moment_nothing_is_lost(self):
        client = self.begin(entry("LP-1", "lp_1"))
        began = time.monotonic()
        self.fetch()
        took = time.monotonic() - began + 0.05
        self.web.delay = 0.002
        version, killed = self.check_mirror(), 0
        old = self.directory / "old"
        for number in range(2, KILLS + 2):
            name = f"lp_{number}"
            self.publish(entry(f"LP-{number}", name), rotate=number % 5 == 0)
            killed += self.kill_fetch(took)
            now = self.check_mirror()
            self.assertGreaterEqual(now, version)
            version = now
            # The repository goes on, and who was killed does, too.
            self.fetch()
            self.assertGreaterEqual(self.check_mirror(), version)
            version = self.check_mirror()
            if number % 2 == 0:  # while it reads, loads or writes
                time.sleep(random.uniform(0, 0.3))
                self.daemon.kill()
                self.prepare().begin()
                client = self.connect()
            self.wait_state(client, name, "enabled")
            if number == 2:
                shutil.copytree(self.web.directory, old)
        self.assertGreater(killed, KILLS // 4)
        self.wait_manager(client, "Health", "ok")
        print(f"figure: {killed} of {KILLS} runs were killed before their end, and the daemon {KILLS // 2} times")
        # All that came since has been accepted: nobody goes back to what was there at the beginning.
        self.web.directory = old
        self.fetch(6)
        self.assertEqual(self.check_mirror(), version)
        for part in ("metadata", "targets"):
            shutil.copytree(old / part, self.directory / "mirror/corp" / part, dirs_exist_ok=True)
        self.wait_for(lambda: self.reasons(client), "the old state to be refused")
        self.wait_state(client, f"lp_{KILLS + 1}", "enabled")
