"""What an admin does not want: holds, pauses, kill switches, pins, and sources that exclude each other."""
from harness.bus import MANAGER, ROOT, patch_path
from harness.case import MANUAL, BusCase
from jeepney import MessageFlag


def say(client, method, *arguments):
    """A call of the methods that have no options."""
    client.call(ROOT, MANAGER, method, "s" * len(arguments), *arguments)


class Holds(BusCase):
    def test_hold_and_unhold(self):
        client = self.start()
        say(client, "Pause", "set the scene")
        self.offer_and_see(client, "lp_a")
        say(client, "Hold", "lp_a", "not on Fridays")
        say(client, "Hold", "lp_a", "")  # already as wanted
        say(client, "Resume")
        patch = client.patch("lp_a")
        self.assertEqual((patch["Disposition"], patch["Reason"]), ("held", "not on Fridays"))
        self.assertIn("held", patch["Flags"])
        message = self.refused("Held", client.apply, "lp_a")
        self.assertIn("not on Fridays", message)
        self.assertIn("lpctl unhold lp_a", message)
        client.manager("Refresh")
        self.assertEqual(client.manager("ApplyAll"), ([],))
        self.assertEqual(self.daemon.tell("calls"), [])
        say(client, "Unhold", "lp_a")
        say(client, "Unhold", "lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.assertNotIn("held", client.patch("lp_a")["Flags"])

    def test_unhold_lifts_what_a_revert_left(self):
        client = self.start()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        client.revert("lp_a")
        self.wait_state(client, "lp_a", "absent")
        say(client, "Unhold", "lp_a")
        self.wait_state(client, "lp_a", "enabled")

    def test_a_hold_outlasts_the_daemon(self):
        client = self.start()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        say(client, "Hold", "lp_a", "as it is")
        self.assertEqual(self.daemon.stop(), 0)
        client = self.start()
        patch = client.patch("lp_a")
        self.assertEqual((patch["State"], patch["Disposition"]), ("enabled", "held"))
        self.assertEqual(client.apply("lp_a"), patch_path("lp_a"))  # it is there

    def test_unknown_and_wrong(self):
        client = self.start()
        self.refused("NotFound", say, client, "Hold", "lp_x", "")
        self.refused("NotFound", say, client, "Unhold", "lp_x")
        self.refused("InvalidArgument", say, client, "Hold", "", "")
        self.refused("InvalidArgument", say, client, "Unhold", "x" * 257)
        self.refused("InvalidArgument", say, client, "Pause", "x" * 1025)
        self.assertEqual(client.manager_property("Health"), "ok")

    def test_pause_and_resume(self):
        client = self.start()
        client.subscribe(sender="org.livepatchd1")
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        say(client, "Pause", "a release")
        client.wait_signal(lambda signal: signal.name == "Event"
                           and signal.body[0]["event"][1] == "paused")
        self.assertEqual(client.manager_property("HealthReasons"), ["paused: a release"])
        self.assertEqual(client.manager_property("Health"), "degraded")
        self.assertEqual(client.manager_property("Mode"), "automatic")
        self.offer_and_see(client, "lp_b")
        self.assertEqual(client.patch("lp_b")["Disposition"], "available")
        self.assertIn("lpctl resume", self.refused("Paused", client.apply, "lp_b"))
        self.refused("Paused", client.manager, "ApplyAll")
        self.assertEqual(self.daemon.stop(), 0)
        client = self.start()
        self.refused("Paused", client.apply, "lp_b")
        client.revert("lp_a")
        self.wait_state(client, "lp_a", "absent")
        self.assertEqual(self.daemon.tell("calls"), ["disable lp_a", "remove lp_a"])
        say(client, "Resume")
        self.wait_state(client, "lp_b", "enabled")
        self.wait_manager(client, "Health", "ok")

    def test_the_kill_switch_file(self):
        switch = self.write("etc/disable", "")
        client = self.start()
        self.offer_and_see(client, "lp_a")
        (reason,) = client.manager_property("HealthReasons")
        self.assertIn(f"{self.directory}/etc/disable", reason)
        self.refused("Paused", client.apply, "lp_a")
        switch.unlink()  # it is watched
        self.wait_state(client, "lp_a", "enabled")
        self.wait_manager(client, "Health", "ok")
        switch.touch()
        self.wait_manager(client, "Health", "degraded")
        self.offer_and_see(client, "lp_b")
        self.assertEqual(client.patch("lp_b")["State"], "absent")

    def test_the_kernels_argument(self):
        self.prepare()
        self.daemon.tell("write", "proc/cmdline", "quiet livepatchd.apply=0\n")
        self.offer("lp_a")
        self.daemon.begin()
        client = self.connect()
        self.refused("Paused", client.apply, "lp_a")
        (reason,) = client.manager_property("HealthReasons")
        self.assertIn("livepatchd.apply=0", reason)

    def test_polkit_is_asked_as_the_message_allows(self):
        root = self.start()
        self.offer("lp_a")
        self.wait_state(root, "lp_a", "enabled")
        nobody = self.connect_nobody()
        for method, arguments in (("Hold", ("lp_a", "x")), ("Unhold", ("lp_a",)), ("Pause", ("x",)),
                                  ("Resume", ())):
            self.polkit.asked.clear()
            self.refused("NotAuthorized", say, nobody, method, *arguments)
            serial = nobody.send(ROOT, MANAGER, method, "s" * len(arguments), *arguments,
                                 flags=MessageFlag.allow_interactive_authorization)
            self.refused("NotAuthorized", nobody.wait, serial)
            self.assertEqual(self.polkit.asked, [
                (nobody.name, "org.livepatchd1.configure", flag) for flag in (0, 1)], method)
        self.assertEqual(root.manager_property("Health"), "ok")
        self.polkit.allowed = {"org.livepatchd1.configure"}
        say(nobody, "Hold", "lp_a", "x")
        self.assertEqual(root.patch("lp_a")["Disposition"], "held")


class Cumulative(BusCase):
    def test_it_takes_the_place_of_what_was_stacked(self):
        client = self.start()
        for name in ("lp_a", "lp_b"):
            self.offer(name)
            self.wait_state(client, name, "enabled")
        self.offer("lp_c", replace=True)
        self.wait_state(client, "lp_c", "enabled")
        for name in ("lp_a", "lp_b"):
            self.wait_state(client, name, "absent")
            patch = client.patch(name)
            self.assertEqual((patch["Disposition"], patch["Reason"]),
                             ("replaced", "replaced by lp_c"))
        calls = ["load lp_a", "load lp_b", "load lp_c", "remove lp_a", "remove lp_b"]
        self.assertEqual(sorted(self.daemon.tell("calls")), sorted(calls))
        client.manager("Refresh")
        self.assertEqual(self.daemon.stop(), 0)
        client = self.start()
        client.manager("Refresh")
        self.assertEqual(self.daemon.tell("calls"), [])
        self.assertEqual(client.manager_property("Health"), "ok")

    def test_only_the_newest_is_loaded(self):
        self.prepare()
        for number in (1, 2, 10):
            self.offer(f"lp_{number}", replace=True)
        self.daemon.begin()
        client = self.connect()
        self.wait_state(client, "lp_10", "enabled")
        client.manager("Refresh")
        self.assertEqual(self.daemon.tell("calls"), ["load lp_10"])
        self.assertEqual(client.patch("lp_2")["Disposition"], "replaced")

    def test_an_older_one_is_pinned_when_it_is_asked_for(self):
        client = self.start()
        for name in ("lp_1", "lp_2"):
            self.offer(name, replace=True)
            self.wait_state(client, name, "enabled")
        client.apply("lp_1")
        self.wait_state(client, "lp_1", "enabled")
        self.wait_state(client, "lp_2", "absent")
        self.assertIn("pinned", client.patch("lp_1")["Flags"])
        self.offer_and_see(client, "lp_3", replace=True)
        self.assertEqual(self.daemon.stop(), 0)
        client = self.start()
        client.manager("Refresh")
        self.assertEqual(self.daemon.tell("calls"), [])
        self.assertEqual(client.patch("lp_3")["State"], "absent")
        say(client, "Unhold", "lp_1")
        self.wait_state(client, "lp_3", "enabled")
        self.wait_state(client, "lp_1", "absent")

    def test_two_sources_come_to_rest_after_one_load(self):
        other = self.directory / "other"
        other.mkdir()
        self.write("etc/repos.d/other.toml",
                   f'trust = "module-signature"\npath = "{other}"\npriority = 60\n')
        self.prepare()
        self.offer("lp_a", replace=True)
        self.module("lp_b", replace=True).rename(other / "lp_b.ko")
        self.daemon.begin()
        client = self.connect()
        self.wait_state(client, "lp_b", "enabled")
        client.manager("Refresh")
        patch = client.patch("lp_a")
        self.assertEqual((patch["Disposition"], patch["Reason"]), ("rejected", "other-lineage"))
        self.refused("Conflict", client.apply, "lp_a")
        self.assertEqual(self.daemon.stop(), 0)
        client = self.start()
        client.manager("Refresh")
        self.assertEqual(self.daemon.tell("calls"), [])


class ManualCumulative(BusCase):
    configuration = MANUAL

    def test_over_another_tools_patch_only_when_told(self):
        client = self.start()
        self.daemon.tell("foreign-load", "other")
        self.wait_state(client, "other", "enabled")
        self.offer_and_see(client, "lp_a", replace=True)
        self.refused("Conflict", client.apply, "lp_a")
        client.apply("lp_a", replace_unmanaged=True)
        self.wait_state(client, "lp_a", "enabled")
        self.wait_state(client, "other", "disabled")
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a"])  # what is left is not ours
