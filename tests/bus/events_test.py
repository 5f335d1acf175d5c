"""Signals: what changed, with the values it has now, and what happened."""
import time

from harness.bus import MANAGER, OBJECT_MANAGER, PATCH, PROPERTIES, ROOT, patch_path, plain
from harness.case import MANUAL, BusCase


class Events(BusCase):
    configuration = MANUAL

    def started(self):
        client = self.start()
        client.subscribe(sender="org.livepatchd1")
        return client

    def settle(self, client):
        """No signal is on its way any more."""
        client.manager_property("Health")
        client.collect(0.3)

    def states(self, client, name):
        """The values of State that were announced, in order."""
        changes = [signal.changed() for signal in client.signals if signal.path == patch_path(name)]
        values = [change["State"] for change in changes if "State" in change]
        return [value for i, value in enumerate(values) if i == 0 or values[i - 1] != value]

    def events(self, client):
        return [plain(signal.body[0]) for signal in client.signals if signal.name == "Event"]

    def test_a_patch_appears_and_goes(self):
        client = self.started()
        path = self.offer("lp_a")
        added = client.wait_signal(lambda signal: signal.name == "InterfacesAdded")
        self.assertEqual((added.path, added.interface), (ROOT, OBJECT_MANAGER))
        self.assertEqual(added.body[0], patch_path("lp_a"))
        self.assertEqual(plain(added.body[1][PATCH]), client.patch("lp_a"))
        path.unlink()
        removed = client.wait_signal(lambda signal: signal.name == "InterfacesRemoved")
        self.assertEqual(removed.path, ROOT)
        self.assertEqual(removed.body[0], patch_path("lp_a"))
        self.assertIn(PATCH, removed.body[1])
        self.refused("org.freedesktop.DBus.Error.UnknownObject", client.patch, "lp_a")

    def test_properties_changed_through_a_life(self):
        client = self.started()
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("stall", "lp_a")
        client.apply("lp_a")
        entered = client.wait_signal(lambda signal: signal.changed().get("State") == "enabling")
        self.assertEqual((entered.path, entered.interface), (patch_path("lp_a"), PROPERTIES))
        self.assertEqual(entered.body[2], [])
        changed = entered.changed()
        self.assertEqual(changed["Disposition"], "managed")
        self.assertGreater(changed["LoadedAt"], 0)
        self.assertNotIn("Name", changed)
        if "TransitionStarted" not in changed:  # callbacks run, the tasks do not move yet
            moving = client.wait_signal(lambda signal: "TransitionStarted" in signal.changed())
            changed = moving.changed()
        self.assertGreater(changed["TransitionStarted"], 0)

        self.daemon.tell("release", "lp_a")
        enabled = client.wait_signal(lambda signal: signal.changed().get("State") == "enabled")
        self.assertEqual(enabled.changed()["TransitionStarted"], 0)

        self.daemon.tell("stall", "lp_a")
        client.revert("lp_a")
        client.wait_signal(lambda signal: signal.changed().get("State") == "disabling")
        self.daemon.tell("release", "lp_a")
        absent = client.wait_signal(lambda signal: signal.changed().get("State") == "absent")
        self.assertEqual(absent.changed()["LoadedAt"], 0)
        self.settle(client)
        self.assertEqual(client.patch("lp_a")["Disposition"], "held")

    def test_manager_properties_changed(self):
        client = self.started()
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("stall", "lp_a")
        client.apply("lp_a")
        moving = client.wait_signal(
            lambda signal: signal.changed(MANAGER).get("Stage") == "transitioning")
        self.assertEqual(moving.path, ROOT)
        self.daemon.tell("release", "lp_a")
        client.wait_signal(lambda signal: signal.changed(MANAGER).get("Stage") == "idle")
        client.send_manager("Refresh")
        client.wait_signal(lambda signal: "LastRefresh" in signal.changed(MANAGER))

    def test_tasks_remaining_is_announced(self):
        client = self.started()
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("stall", "lp_a")
        for pid in (100, 200, 300):
            self.daemon.tell("task", {"pid": pid})
        client.apply("lp_a")
        client.wait_signal(lambda signal: signal.changed().get("TasksRemaining") == 3)
        self.daemon.tell("task", {"pid": 100, "patch_state": 1})
        client.wait_signal(lambda signal: signal.changed().get("TasksRemaining") == 2)

    def test_only_what_changed_is_announced(self):
        client = self.started()
        self.offer_and_see(client, "lp_a")
        self.offer_and_see(client, "lp_b")
        self.settle(client)
        client.signals.clear()
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.settle(client)
        self.assertEqual([signal for signal in client.signals if signal.path == patch_path("lp_b")],
                         [])
        client.signals.clear()
        client.patch("lp_a")
        client.manager_property("Health")
        client.collect(0.5)
        self.assertEqual(client.signals, [])

    def test_announced_states_come_in_order(self):
        client = self.started()
        self.offer_and_see(client, "lp_a")
        client.apply("lp_a")
        client.collect(0.1)
        self.wait_state(client, "lp_a", "enabled")
        client.revert("lp_a")
        self.wait_state(client, "lp_a", "absent")
        self.settle(client)
        order = ["absent", "enabling", "enabled", "disabling", "disabled", "absent"]
        states = self.states(client, "lp_a")
        position = 0
        for state in states:
            self.assertIn(state, order[position:], f"out of order: {states}")
            position = order.index(state, position)
        self.assertEqual(states[-1], "absent")

    def test_events_of_a_life(self):
        client = self.started()
        before = time.time() * 1e6
        path = self.offer_and_see(client, "lp_a")
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        client.revert("lp_a", reason="spring clean")
        self.wait_state(client, "lp_a", "absent")
        self.settle(client)
        events = self.events(client)
        self.assertEqual([event["event"] for event in events],
                         ["loaded", "enabled", "held", "disabling", "disabled", "removed"])
        for event in events:
            self.assertEqual(event["patch"], "lp_a")
            self.assertGreaterEqual(event["time"], before)
            self.assertLessEqual(event["time"], time.time() * 1e6)
            self.assertTrue(event["message"])
            self.assertEqual(event["kernel_log"], [])
        self.assertEqual(events[0]["id"], "lp_a")
        self.assertEqual(events[0]["sha256"], self.sha256(path))
        self.assertIn("spring clean", events[2]["message"])

    def test_the_form_of_an_event(self):
        client = self.started()
        self.offer("lp_a", key="unknown")
        signal = client.wait_signal(lambda signal: signal.name == "Event")
        self.assertEqual((signal.path, signal.interface), (ROOT, MANAGER))
        self.assertEqual(signal.signature, "a{sv}")
        self.assertEqual({key: kind for key, (kind, _) in signal.body[0].items()}, {
            "time": "t", "event": "s", "outcome": "s", "patch": "s", "id": "s", "version": "s",
            "sha256": "s", "signer": "s", "source": "s", "trigger": "s", "reason": "s",
            "message": "s", "verify_usec": "t", "load_usec": "t", "transition_usec": "t",
            "kernel_log": "as", "kernel": "s", "boot_id": "s"})
        event = plain(signal.body[0])
        self.assertEqual((event["event"], event["patch"]), ("rejected", "lp_a"))
        self.assertIn("lp_a.ko", event["message"])

    def test_a_refusal_is_told_once(self):
        client = self.started()
        self.offer_and_see(client, "lp_a", key="unknown")
        for _ in range(3):
            client.manager("Refresh")
        self.settle(client)
        self.assertEqual([event["event"] for event in self.events(client)], ["rejected"])
