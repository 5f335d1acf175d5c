"""What sources tell about their patches: sidecars, and sources without signatures."""
import json
import pathlib
import tempfile
import time

from harness.bus import PATCH, Refused, patch_path
from harness.case import RELEASE, BusCase

BUILD_ID = "00112233445566778899aabbccddeeff00112233"  # of the kernel of files


class Sidecars(BusCase):
    def entry(self, **more):
        return {"id": "LP-2026-0007", "version": 7, "severity": "important",
                "vulnerabilities": [{"id": "CVE-2026-1234"}, {"id": "CVE-2026-5678"}],
                "kernel": {"release": RELEASE, "build_ids": [BUILD_ID]}, **more}

    def describe(self, name, entry):
        path = self.write(f"staging/{name}.ko.json", json.dumps(entry))
        path.rename(self.source / path.name)

    def shows(self, client, name, **properties):
        """The patch has these properties, once the daemon has read what changed."""
        def as_told():
            try:
                patch = client.patch(name)
            except Refused:
                return False
            return all(patch[key] == value for key, value in properties.items())

        self.wait_for(as_told, f"{name} to have {properties}")

    def test_before_its_module(self):
        client = self.start()
        self.describe("lp_a", self.entry())
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.shows(client, "lp_a", Id="LP-2026-0007", Version="7", Severity="important",
                   Cves=["CVE-2026-1234", "CVE-2026-5678"], Flags=[])
        (patch,) = self.status_json()["patches"]
        self.assertEqual((patch["id"], patch["version"], patch["severity"], patch["cves"]),
                         ("LP-2026-0007", "7", "important", ["CVE-2026-1234", "CVE-2026-5678"]))
        # A patch goes by its id, too.
        client.revert("LP-2026-0007")
        self.wait_state(client, "lp_a", "absent")
        self.assertEqual(client.apply("LP-2026-0007"), patch_path("lp_a"))

    def test_after_its_module_and_changed_and_gone(self):
        self.write("etc/livepatchd.toml", '[apply]\nmode = "manual"\n')
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.shows(client, "lp_a", Id="lp_a", Flags=["release-only"], Severity="")
        self.describe("lp_a", self.entry())
        self.shows(client, "lp_a", Id="LP-2026-0007", Flags=[], Severity="important")
        self.describe("lp_a", self.entry(severity="low", kernel=None))
        self.shows(client, "lp_a", Flags=["release-only"], Severity="low")
        (self.source / "lp_a.ko.json").unlink()
        self.shows(client, "lp_a", Id="lp_a", Severity="")

    def test_for_another_build_of_the_kernel(self):
        client = self.start()
        self.describe("lp_a", self.entry(kernel={"build_ids": ["aabb"]}))
        self.offer_and_see(client, "lp_a")
        self.shows(client, "lp_a", Disposition="rejected", State="absent")
        message = self.refused("WrongKernel", client.apply, "lp_a")
        self.assertIn("lp_a.ko.json", message)
        self.assertIn(BUILD_ID, message)
        self.assertEqual(self.daemon.tell("calls"), [])

    def test_broken(self):
        client = self.start()
        self.write("modules/lp_a.ko.json", '{"id": "LP-1", "version": 1.5}')
        self.offer_and_see(client, "lp_a")
        message = self.refused("VerificationFailed", client.apply, "lp_a")
        self.assertIn(f"{self.source}/lp_a.ko.json: a number that is no whole number", message)
        self.offer("lp_b")
        self.wait_state(client, "lp_b", "enabled")
        self.describe("lp_a", self.entry())
        self.wait_state(client, "lp_a", "enabled")
        self.wait_manager(client, "Health", "ok")

    def test_taken_back(self):
        client = self.start()
        self.describe("lp_a", self.entry(withdrawn={"reason": "it hurts"}))
        self.offer_and_see(client, "lp_a")
        self.assertIn("it hurts", self.refused("Withdrawn", client.apply, "lp_a"))


class Unsigned(BusCase):
    def setUp(self):
        super().setUp()
        self.write("etc/repos.d/files.toml",
                   f'trust = "unsigned"\nallow_insecure = true\npath = "{self.source}"\n')

    def test_is_taken_and_shown_as_insecure(self):
        client = self.start()
        self.assertEqual(client.manager_property("Health"), "insecure")
        (reason,) = client.manager_property("HealthReasons")
        self.assertEqual(reason, "insecure: the source files takes modules that nobody signed")
        self.offer("lp_a", key="none")
        self.wait_state(client, "lp_a", "enabled")
        self.assertIn("insecure", client.get(patch_path("lp_a"), PATCH, "Flags"))
        self.assertEqual(client.get(patch_path("lp_a"), PATCH, "Signer"), "")
        status = self.status_json()
        self.assertEqual(status["health"], "insecure")
        self.assertIn("insecure", status["patches"][0]["flags"])
        # What is loaded stays what it is when the source is gone.
        self.assertEqual(self.daemon.stop(), 0)
        (self.directory / "etc/repos.d/files.toml").unlink()
        client = self.start()
        self.assertEqual(client.manager_property("Health"), "insecure")
        self.assertIn("insecure", client.get(patch_path("lp_a"), PATCH, "Flags"))

    def test_is_refused_where_the_kernel_wants_signatures(self):
        self.prepare()
        self.daemon.tell("write", "sys/module/module/parameters/sig_enforce", "Y\n")
        self.daemon.begin()
        client = self.connect()
        self.offer_and_see(client, "lp_a", key="none")
        message = self.refused("VerificationFailed", client.apply, "lp_a")
        self.assertIn("sig_enforce", message)
        self.assertEqual(client.get(patch_path("lp_a"), PATCH, "Disposition"), "rejected")
        self.assertEqual(self.daemon.tell("calls"), [])

    def test_needs_to_be_said_twice(self):
        self.write("etc/repos.d/files.toml", f'trust = "unsigned"\npath = "{self.source}"\n')
        client = self.start()
        self.assertEqual(client.manager_property("Health"), "degraded")
        (reason,) = client.manager_property("HealthReasons")
        self.assertIn("allow_insecure = true", reason)


class Watching(BusCase):
    # weighs wake-ups
    def test_what_happens_beside_the_sources_wakes_nobody(self):
        client = self.start()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        time.sleep(2.5)  # what follows a transition is over
        before = self.daemon.wake_ups()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            for place in (self.directory, "/var/tmp", "/tmp"):
                with tempfile.NamedTemporaryFile(dir=place) as file:
                    pathlib.Path(file.name).chmod(0o644)
            time.sleep(0.02)
        self.assertLessEqual(sum(self.daemon.wake_ups().values()) - sum(before.values()), 2)

    def test_a_directory_that_is_replaced_is_followed(self):
        client = self.start()
        away = self.directory / "away"
        self.source.rename(away)
        self.source.mkdir()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        # The other way round: with what was in it.
        self.source.rename(self.directory / "again")
        self.module("lp_b").rename(away / "lp_b.ko")
        away.rename(self.source)
        self.wait_state(client, "lp_b", "enabled")
