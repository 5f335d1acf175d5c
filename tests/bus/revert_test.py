"""Taking patches out, and that they stay out."""
from harness.bus import PATCH, patch_path
from harness.case import MANUAL, BusCase


class Revert(BusCase):
    def applied(self, *names):
        client = self.start()
        for name in names:
            self.offer(name)
            self.wait_state(client, name, "enabled")
        return client

    def test_revert_unloads_and_holds(self):
        client = self.applied("lp_a")
        client.revert("lp_a", reason="it made coffee")
        self.wait_state(client, "lp_a", "absent")
        patch = client.patch("lp_a")
        self.assertEqual((patch["Disposition"], patch["Reason"]), ("held", "it made coffee"))
        self.assertIn("held", patch["Flags"])
        client.manager("Refresh")
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a", "disable lp_a", "remove lp_a"])

    def test_a_hold_outlasts_the_daemon_until_the_patch_is_applied_by_name(self):
        client = self.applied("lp_a")
        client.revert("lp_a")
        self.wait_state(client, "lp_a", "absent")
        self.assertEqual(self.daemon.stop(), 0)
        client = self.start()
        self.assertEqual(client.patch("lp_a")["Disposition"], "held")
        client.manager("Refresh")
        self.assertEqual(client.manager("ApplyAll"), ([],))
        self.assertEqual(self.daemon.tell("calls"), [])
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.assertNotIn("held", client.patch("lp_a")["Flags"])
        self.assertEqual(client.patch("lp_a")["Disposition"], "managed")

    def test_revert_of_what_is_not_loaded_holds_it(self):
        client = self.start()
        self.daemon.tell("stall", "other")
        self.daemon.tell("foreign-load", "other")
        self.offer_and_see(client, "lp_a")
        client.revert("lp_a")
        self.daemon.tell("release", "other")
        self.wait_state(client, "other", "enabled")
        self.assertEqual(client.patch("lp_a")["Disposition"], "held")
        client.revert("lp_a")  # already as wanted
        self.assertEqual(self.daemon.tell("calls"), [])

    def test_revert_turns_a_stalled_transition_round(self):
        client = self.start()
        self.daemon.tell("stall", "lp_a")
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabling")
        client.revert("lp_a")
        self.assertEqual(client.get(patch_path("lp_a"), PATCH, "State"), "disabling")
        self.daemon.tell("release", "lp_a")
        self.wait_state(client, "lp_a", "absent")
        self.assertEqual(client.patch("lp_a")["Disposition"], "held")

    def test_apply_turns_a_stalled_revert_round(self):
        client = self.applied("lp_a")
        self.daemon.tell("stall", "lp_a")
        client.revert("lp_a")
        self.assertEqual(client.get(patch_path("lp_a"), PATCH, "State"), "disabling")
        client.apply("lp_a")
        self.daemon.tell("release", "lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.assertEqual(client.patch("lp_a")["Disposition"], "managed")

    def test_revert_all_takes_the_newest_first_and_leaves_others_alone(self):
        client = self.applied("lp_a", "lp_b", "lp_c")
        self.daemon.tell("foreign-load", "other")
        self.wait_state(client, "other", "enabled")
        client.manager("RevertAll", reason="spring clean")
        for name in ("lp_a", "lp_b", "lp_c"):
            self.wait_state(client, name, "absent")
            self.assertEqual(client.patch(name)["Reason"], "spring clean")
        disabled = [call for call in self.daemon.tell("calls") if call.startswith("disable")]
        self.assertEqual(disabled, ["disable lp_c", "disable lp_b", "disable lp_a"])
        self.assertEqual(client.patch("other")["State"], "enabled")

    def test_dry_run_changes_nothing(self):
        client = self.applied("lp_a")
        client.revert("lp_a", dry_run=True)
        client.manager("RevertAll", dry_run=True)
        self.refused("NotFound", client.revert, "lp_x", dry_run=True)
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a"])
        self.assertEqual(client.patch("lp_a")["Disposition"], "managed")

    def test_unknown(self):
        client = self.start()
        self.refused("NotFound", client.revert, "lp_x")

    def test_a_permanent_patch_is_said_to_be_one(self):
        client = self.applied("lp_a")
        self.daemon.tell("permanent", "lp_a")
        client.revert("lp_a")
        self.wait_for(lambda: "permanent" in client.patch("lp_a")["Flags"], "the flag")
        self.assertEqual(client.patch("lp_a")["State"], "disabled")

    def test_revert_goes_before_what_waits(self):
        client = self.start()
        self.daemon.tell("stall", "lp_a")
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabling")
        self.offer_and_see(client, "lp_b")
        waiting = client.send_manager("Apply", "lp_b")
        client.revert("lp_a")
        self.daemon.tell("release", "lp_a")
        client.wait(waiting)
        self.wait_state(client, "lp_b", "enabled")
        self.assertEqual(self.daemon.tell("calls")[:2], ["load lp_a", "disable lp_a"])


class ManualRevert(BusCase):
    configuration = MANUAL

    def test_apply_after_revert_loads_anew(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        for _ in range(2):
            client.apply("lp_a")
            self.wait_state(client, "lp_a", "enabled")
            client.revert("lp_a")
            self.wait_state(client, "lp_a", "absent")
        self.assertEqual(self.daemon.tell("calls"),
                         ["load lp_a", "disable lp_a", "remove lp_a"] * 2)
