"""How much callers may ask at once."""
import time

from harness.bus import MANAGER, OBJECT_MANAGER, PATCH, ROOT, SOON, Refused, patch_path
from harness.case import MANUAL, BusCase

PER_SENDER = 4
IN_ALL = 64
QUEUE = 32


class Limits(BusCase):
    configuration = MANUAL

    def setUp(self):
        super().setUp()
        self.root = self.start()

    def outcome(self, client, serial):
        try:
            client.wait(serial)
            return "done"
        except Refused as error:
            return error.name

    def test_pending_calls_of_a_sender(self):
        self.polkit.hold()
        nobody = self.connect_nobody()
        other = self.connect_nobody()
        serials = [nobody.send_manager("Refresh") for _ in range(PER_SENDER)]
        self.polkit.wait_asked(PER_SENDER)
        self.refused("LimitsExceeded", nobody.manager, "Refresh")
        self.refused("LimitsExceeded", nobody.blockers)
        # Properties are no work that waits, and others have limits of their own.
        self.assertEqual(nobody.manager_property("Mode"), "manual")
        others = other.send_manager("Refresh")
        self.root.manager("Refresh")
        self.polkit.release()
        for serial in serials:
            self.refused("NotAuthorized", nobody.wait, serial)
        self.refused("NotAuthorized", other.wait, others)
        self.refused("NotAuthorized", nobody.manager, "Refresh")

    def test_pending_calls_of_all(self):
        self.polkit.hold()
        clients = [self.connect_nobody() for _ in range(IN_ALL // PER_SENDER)]
        serials = [(client, client.send_manager("Refresh"))
                   for client in clients for _ in range(PER_SENDER)]
        self.polkit.wait_asked(IN_ALL)
        late = self.connect_nobody()
        self.refused("LimitsExceeded", late.manager, "Refresh")
        self.assertEqual(late.manager_property("Mode"), "manual")
        self.polkit.release()
        self.assertEqual({self.outcome(*call) for call in serials}, {"NotAuthorized"})
        self.refused("NotAuthorized", late.manager, "Refresh")

    def test_the_queue_for_the_kernel(self):
        self.offer_and_see(self.root, "lp_a")
        self.daemon.tell("block")
        clients = [self.connect() for _ in range(QUEUE // PER_SENDER)]
        calls = [(client, client.send_manager("Apply", "lp_a"))
                 for client in clients for _ in range(PER_SENDER)]
        for client in clients:
            client.manager_property("Mode")  # its calls have been taken
        self.refused("Busy", self.root.apply, "lp_a")
        self.daemon.tell("unblock")
        self.assertEqual({self.outcome(*call) for call in calls}, {"done"})
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a"])

    def test_an_admin_comes_through_a_flood(self):
        for name in ("lp_a", "lp_b", "lp_c"):
            self.offer_and_see(self.root, name)
        self.root.apply("lp_a")
        crowd = [self.connect_nobody() for _ in range(96)]
        flood = [self.connect_nobody() for _ in range(4)]
        for client in crowd:
            client.send(ROOT, OBJECT_MANAGER, "GetManagedObjects")
        for _ in range(50):
            for client in flood:  # they never read
                client.send(ROOT, OBJECT_MANAGER, "GetManagedObjects")
                client.send_manager("RevertAll")
        began = time.monotonic()
        self.root.revert("lp_a")
        took = time.monotonic() - began
        print(f"accepted after {took:.2f} s")
        self.assertLess(took, SOON)
        for client in crowd:
            client.close()
        self.wait_state(self.root, "lp_a", "absent")
        self.assertEqual(self.root.get(patch_path("lp_b"), PATCH, "State"), "absent")

    def test_callers_that_vanish_leave_room(self):
        for _ in range(3 * IN_ALL // PER_SENDER):
            client = self.connect_nobody()
            for _ in range(PER_SENDER):
                client.send(ROOT, MANAGER, "Refresh", "a{sv}", {})
            client.close()
        self.wait_for(lambda: self.outcome(self.root, self.root.send_manager("Refresh")) == "done",
                      "room")

    def test_root_gets_through_when_the_others_have_used_up_all(self):
        self.offer_and_see(self.root, "lp_a")
        self.root.apply("lp_a")
        self.wait_state(self.root, "lp_a", "enabled")
        self.polkit.hold()
        for _ in range(IN_ALL // PER_SENDER):
            client = self.connect_nobody()
            for _ in range(PER_SENDER):
                client.send_manager("RevertAll", interactive=True)
        self.polkit.wait_asked(IN_ALL)
        self.refused("LimitsExceeded", self.connect_nobody().manager, "Refresh")
        began = time.monotonic()
        self.root.revert("lp_a")
        self.assertLess(time.monotonic() - began, SOON)
        # Another user has room for one call, whatever this one does.
        other = self.connect(uid=1)
        waiting = other.send_manager("Refresh")
        self.polkit.wait_asked(IN_ALL + 1)
        self.refused("LimitsExceeded", other.manager, "Refresh")
        self.polkit.release()
        self.refused("NotAuthorized", other.wait, waiting)

    def test_limits_of_root(self):
        self.offer_and_see(self.root, "lp_a")
        self.daemon.tell("block")
        clients = [self.connect() for _ in range(IN_ALL // PER_SENDER)]
        self.root.send_manager("Apply", "lp_a")
        self.wait_manager(self.root, "Stage", "loading")
        calls = [(client, client.send_manager("Refresh"))
                 for client in clients for _ in range(PER_SENDER)]
        self.daemon.tell("unblock")
        self.assertLessEqual({self.outcome(*call) for call in calls}, {"done", "LimitsExceeded"})
        self.root.manager("Refresh")

    def test_reads_that_want_no_answer_cost_nothing(self):
        for name in ("lp_a", "lp_b", "lp_c"):
            self.offer_and_see(self.root, name)
        nobody = self.connect_nobody()
        for _ in range(5_000):
            nobody.send(ROOT, OBJECT_MANAGER, "GetManagedObjects", no_reply=True)
        began = time.monotonic()
        self.root.apply("lp_a")
        took = time.monotonic() - began
        print(f"accepted after {took:.2f} s")
        self.assertLess(took, SOON)
        # Changing without asking for an answer is another matter.
        self.root.send(ROOT, MANAGER, "Revert", "sa{sv}", "lp_a", {}, no_reply=True)
        self.wait_state(self.root, "lp_a", "absent")
