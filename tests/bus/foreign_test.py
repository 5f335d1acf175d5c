"""What other tools do to the kernel is seen, named and left alone."""
import time

from harness.bus import patch_path, plain
from harness.case import BusCase

SOON = 1.0  # seconds; DESIGN says at once, the tests' machines are slow


class Foreign(BusCase):
    def within(self, seconds, accept):
        began = time.monotonic()
        signal = self.client.wait_signal(accept)
        self.assertLess(signal.time - began, seconds)
        return signal

    def started(self):
        self.client = self.start()
        self.client.subscribe(sender="org.livepatchd1")
        return self.client

    def event(self, kind):
        return lambda signal: signal.name == "Event" and signal.body[0]["event"][1] == kind

    def test_a_load_and_its_end_are_seen(self):
        client = self.started()
        self.daemon.tell("foreign-load", "other")
        added = self.within(SOON, lambda signal: signal.name == "InterfacesAdded")
        self.assertEqual(added.body[0], patch_path("other"))
        event = self.within(SOON, self.event("foreign-change"))
        self.assertEqual(plain(event.body[0])["patch"], "other")
        self.wait_state(client, "other", "enabled")
        patch = client.patch("other")
        self.assertEqual((patch["Disposition"], patch["Reason"]),
                         ("unmanaged", "loaded by another tool"))
        self.assertEqual((patch["Source"], patch["Sha256"], patch["LoadedAt"]), ("", "", 0))

        self.daemon.tell("foreign-disable", "other")
        self.within(SOON, lambda signal: signal.changed().get("State") == "disabled")
        self.daemon.tell("foreign-remove", "other")
        # Whoever looks wakes the daemon, as an uevent would, which the emulated kernel cannot send.
        self.wait_for(lambda: client.manager_property("Health") and
                      patch_path("other") not in client.objects(), "other to go")
        self.within(SOON, lambda signal: signal.name == "InterfacesRemoved")
        self.assertEqual(self.daemon.tell("calls"), [])

    def test_what_another_tool_disables_stays_disabled(self):
        client = self.started()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.daemon.tell("foreign-disable", "lp_a")
        self.wait_state(client, "lp_a", "absent")
        self.assertEqual(client.patch("lp_a")["Disposition"], "held")
        client.manager("Refresh")
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a", "remove lp_a"])
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")

    def test_another_tools_patch_is_reverted_on_request_only(self):
        client = self.started()
        self.daemon.tell("foreign-load", "other")
        self.wait_state(client, "other", "enabled")
        client.manager("RevertAll")
        client.manager("Refresh")
        self.assertEqual(client.patch("other")["State"], "enabled")
        client.revert("other")
        self.wait_for(lambda: patch_path("other") not in client.objects(), "other to go")
        self.assertEqual(self.daemon.tell("calls"), ["disable other", "remove other"])

    def test_another_tool_loads_what_a_source_offers(self):
        self.prepare()
        self.daemon.tell("foreign-load", "lp_a")
        self.offer("lp_a")
        self.daemon.begin()
        client = self.connect()
        self.wait_state(client, "lp_a", "enabled")
        self.assertEqual(client.patch("lp_a")["Disposition"], "unmanaged")
        self.assertEqual(self.daemon.tell("calls"), [])

    def test_a_cumulative_patch_of_another_tool_replaces_ours(self):
        client = self.started()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.daemon.tell("foreign-load", "other", "replace")
        self.wait_state(client, "other", "enabled")
        self.wait_for(lambda: client.patch("lp_a")["State"] != "enabled", "lp_a to go")
        client.manager("Refresh")
        self.wait_manager(client, "Stage", "idle")
        self.assertEqual(client.patch("lp_a")["Disposition"], "replaced")
        self.assertEqual(self.daemon.tell("calls").count("load lp_a"), 1)
