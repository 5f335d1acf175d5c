"""Applying: by itself and on request, and everything that stands against it."""
from harness.bus import MANAGER, PATCH, ROOT, patch_path
from harness.case import MANUAL, BusCase


class Automatic(BusCase):
    def test_a_file_moved_in_is_applied(self):
        client = self.start()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a"])
        self.assertEqual(client.patch("lp_a")["Disposition"], "managed")

    def test_files_that_lie_there_are_applied_at_start_in_order(self):
        self.prepare()
        for name, file in (("lp_b", "10-b.ko"), ("lp_c", "9-c.ko"), ("lp_a", "011-a.ko")):
            self.offer(name, file)
        self.daemon.begin()
        client = self.connect()
        for name in ("lp_a", "lp_b", "lp_c"):
            self.wait_state(client, name, "enabled")
        # strverscmp(3) of the file names
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a", "load lp_c", "load lp_b"])

    def test_what_is_refused_stops_nothing_else(self):
        client = self.start()
        for name, flaw in (("lp_1", {"key": "none"}), ("lp_2", {"key": "unknown"}),
                           ("lp_3", {"tampered": True}), ("lp_4", {"release": "6.1.0-1-amd64"})):
            self.offer(name, **flaw)
        (self.source / "lp_5.ko").write_bytes(b"\x7fELF and nothing more")
        self.offer("lp_6")
        self.wait_state(client, "lp_6", "enabled")
        self.assertEqual(self.daemon.tell("calls"), ["load lp_6"])
        for name in ("lp_1", "lp_2", "lp_3", "lp_4", "lp_5"):
            patch = client.patch(name)
            self.assertEqual((patch["State"], patch["Disposition"]), ("absent", "rejected"), name)
            self.assertIn(f"{self.source}/{name}.ko", patch["Reason"])
        self.assertEqual(client.manager_property("Health"), "degraded")
        reasons = "\n".join(client.manager_property("HealthReasons"))
        for name in ("lp_1", "lp_2", "lp_3", "lp_5"):
            self.assertIn(f"{name}.ko", reasons)
        # A directory may serve several kernels.
        self.assertNotIn("lp_4.ko", reasons)

    def test_a_file_that_goes_before_it_is_applied_is_forgotten(self):
        client = self.start()
        path = self.offer("lp_a", release="6.1.0-1-amd64")
        self.wait_for(lambda: patch_path("lp_a") in client.objects(), "lp_a")
        path.unlink()
        self.wait_for(lambda: patch_path("lp_a") not in client.objects(), "lp_a to go")

    def test_a_cumulative_patch_replaces_the_others(self):
        client = self.start()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.offer("lp_b", replace=True)
        self.wait_state(client, "lp_b", "enabled")
        # What was replaced is unloaded, stays replaced, and is not tried again.
        self.wait_state(client, "lp_a", "absent")
        self.assertEqual(client.patch("lp_a")["Disposition"], "replaced")
        client.manager("Refresh")
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a", "load lp_b", "remove lp_a"])


class Manual(BusCase):
    configuration = MANUAL

    def test_nothing_is_applied_by_itself(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        client.manager("Refresh")
        self.assertEqual(client.patch("lp_a")["Disposition"], "available")
        self.assertEqual(self.daemon.tell("calls"), [])

    def test_apply(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.assertEqual(client.apply("lp_a"), patch_path("lp_a"))
        self.wait_state(client, "lp_a", "enabled")

    def test_apply_at_once_after_the_file_came(self):
        client = self.start()
        self.offer("lp_a")
        self.assertEqual(client.apply("lp_a"), patch_path("lp_a"))

    def test_apply_answers_when_the_kernel_accepted_it(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("stall", "lp_a")
        client.apply("lp_a")
        self.assertEqual(client.patch("lp_a")["State"], "enabling")
        self.assertEqual(client.apply("lp_a"), patch_path("lp_a"))  # on its way is as wanted
        self.daemon.tell("release", "lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.assertEqual(client.apply("lp_a"), patch_path("lp_a"))  # and so is enabled
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a"])

    def test_apply_waits_for_the_transition_of_another(self):
        client = self.start()
        self.daemon.tell("stall", "other")
        self.daemon.tell("foreign-load", "other")
        self.offer_and_see(client, "lp_a")
        self.wait_state(client, "other", "enabling")
        serial = client.send_manager("Apply", "lp_a")
        client.collect(0.5)
        self.assertEqual(client.replies, {})
        self.daemon.tell("release", "other")
        self.assertEqual(client.wait(serial), (patch_path("lp_a"),))
        self.wait_state(client, "lp_a", "enabled")

    def test_apply_all(self):
        client = self.start()
        for name in ("lp_a", "lp_b", "lp_c"):
            self.offer_and_see(client, name)
        self.offer("lp_bad", key="unknown")
        client.revert("lp_c")  # held
        (objects,) = client.manager("ApplyAll")
        self.assertEqual(objects, [patch_path("lp_a"), patch_path("lp_b")])
        self.wait_state(client, "lp_b", "enabled")
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a", "load lp_b"])
        self.assertEqual(client.manager("ApplyAll"), ([],))

    def test_dry_run_changes_nothing(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.assertEqual(client.apply("lp_a", dry_run=True), patch_path("lp_a"))
        self.assertEqual(client.manager("ApplyAll", dry_run=True), ([patch_path("lp_a")],))
        self.offer_and_see(client, "lp_bad", key="unknown")
        self.refused("VerificationFailed", client.apply, "lp_bad", dry_run=True)
        self.assertEqual(self.daemon.tell("calls"), [])
        self.assertEqual(client.patch("lp_a")["State"], "absent")

    def test_unknown(self):
        client = self.start()
        self.assertIn("lp_x", self.refused("NotFound", client.apply, "lp_x"))

    def test_verification_failed(self):
        client = self.start()
        for name, flaw in (("lp_1", {"key": "none"}), ("lp_2", {"key": "unknown"}),
                           ("lp_3", {"tampered": True})):
            self.offer_and_see(client, name, **flaw)
            self.assertIn(f"{name}.ko", self.refused("VerificationFailed", client.apply, name))
        self.assertEqual(self.daemon.tell("calls"), [])

    def test_wrong_kernel(self):
        client = self.start()
        self.offer_and_see(client, "lp_a", release="6.1.0-1-amd64")
        self.assertIn("6.1.0-1-amd64", self.refused("WrongKernel", client.apply, "lp_a"))

    def test_conflict_with_what_another_tool_loaded(self):
        client = self.start()
        self.daemon.tell("foreign-load", "other")
        self.wait_state(client, "other", "enabled")
        self.offer_and_see(client, "lp_a", replace=True)
        self.assertIn("other", self.refused("Conflict", client.apply, "lp_a"))
        self.assertEqual(client.patch("lp_a")["Disposition"], "rejected")
        self.assertEqual(client.patch("other")["Disposition"], "unmanaged")
        client.apply("lp_a", replace_unmanaged=True)
        self.wait_state(client, "lp_a", "enabled")
        self.assertNotEqual(client.patch("other")["State"], "enabled")

    def test_conflict_with_another_build(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        before = client.patch("lp_a")["Sha256"]
        path = self.offer("lp_a", functions=["another"])
        self.wait_for(lambda: client.patch("lp_a")["Candidates"][0][2] == self.sha256(path),
                      "the other build")
        self.refused("Conflict", client.apply, "lp_a")
        self.assertEqual(client.patch("lp_a")["Sha256"], before)

    def test_load_failed_with_the_words_of_the_kernel(self):
        client = self.start()
        client.subscribe(interface=MANAGER)
        self.offer_and_see(client, "lp_a")
        lines = ["livepatch: pre-patch callback failed for object 'vmlinux'", "lp_a: \x1b[31mred"]
        self.daemon.tell("refuse", "lp_a", "LoadFailed", "the kernel said no", *lines)
        message = self.refused("LoadFailed", client.apply, "lp_a")
        self.assertEqual(message.splitlines()[1:], [
            "kernel: livepatch: pre-patch callback failed for object 'vmlinux'",
            "kernel: lp_a: \\x1b[31mred"])
        patch = client.patch("lp_a")
        self.assertEqual((patch["State"], patch["Disposition"]), ("absent", "rejected"))
        self.assertIn("the kernel said no", patch["Reason"])
        self.assertEqual(client.manager_property("Health"), "degraded")
        event = client.wait_signal(
            lambda signal: signal.name == "Event" and signal.body[0]["event"][1] == "load-failed")
        self.assertEqual(len(event.body[0]["kernel_log"][1]), 2)
        # An admin may try again, and then it works.
        self.daemon.tell("accept", "lp_a")
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.assertEqual(client.manager_property("Health"), "ok")

    def test_a_file_replaced_while_it_waits_is_not_loaded_unseen(self):
        client = self.start()
        self.daemon.tell("stall", "other")
        self.daemon.tell("foreign-load", "other")
        self.wait_state(client, "other", "enabling")
        self.offer_and_see(client, "lp_a")
        serial = client.send_manager("Apply", "lp_a")
        client.manager("Refresh")
        path = self.offer("lp_a", key="unknown")
        self.wait_for(lambda: client.patch("lp_a")["Sha256"] == self.sha256(path), "the other file")
        self.daemon.tell("release", "other")
        self.refused("VerificationFailed", client.wait, serial)
        self.assertEqual(self.daemon.tell("calls"), [])

    def test_kernel_without_livepatch(self):
        self.prepare()
        self.daemon.tell("no-livepatch")
        self.offer("lp_a")
        self.daemon.begin()
        client = self.connect()
        self.assertEqual(client.manager_property("Health"), "unsupported")
        self.assertEqual(client.manager_property("HealthReasons"), ["kernel-without-livepatch"])
        self.assertIn("CONFIG_LIVEPATCH", self.refused("Unsupported", client.apply, "lp_a"))
        self.refused("Unsupported", client.manager, "ApplyAll")
        self.refused("NotFound", client.revert, "lp_x")
        client.manager("RevertAll")

    def test_a_patch_that_is_gone_when_its_turn_comes(self):
        client = self.start()
        self.daemon.tell("stall", "other")
        self.daemon.tell("foreign-load", "other")
        self.wait_state(client, "other", "enabling")
        path = self.offer_and_see(client, "lp_a")
        serial = client.send_manager("Apply", "lp_a")
        client.manager("Refresh")  # the call before has been taken
        path.unlink()
        self.refused("NotFound", client.wait, serial)

    def test_refresh_reads_what_was_not_watched(self):
        # The directory does not exist at start; it is there, and filled, before anybody looks.
        self.source.rename(self.directory / "elsewhere")
        client = self.start()
        path = self.module("lp_a")
        (self.directory / "elsewhere/lp_a.ko").write_bytes(path.read_bytes())
        (self.directory / "elsewhere").rename(self.source)
        client.manager("Refresh")
        self.assertEqual(client.get(patch_path("lp_a"), PATCH, "Disposition"), "available")
        self.assertGreater(client.get(ROOT, MANAGER, "LastRefresh"), 0)
