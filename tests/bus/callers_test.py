"""Callers who flood, vanish, never read, or send garbage: others are served, memory is bounded."""
import contextlib
import statistics

from jeepney.io.blocking import prep_socket

from harness.bus import MANAGER, NAME, NOBODY, OBJECT_MANAGER, ROOT, SOON, Refused, acting_as
from harness.case import MANUAL, BusCase
from harness.flood import call, revert_in_a_flood

MIB = 1024 * 1024


class Callers(BusCase):
    configuration = MANUAL

    def setUp(self):
        super().setUp()
        self.root = self.start()
        for name in ("lp_a", "lp_b", "lp_c"):
            self.offer_and_see(self.root, name)
        self.root.apply("lp_a")
        self.wait_state(self.root, "lp_a", "enabled")
        self.before = self.daemon.memory()

    def bounded(self, limit=32 * MIB):
        """What the daemon needs more than before all this; printed, since it is a promise."""
        growth = self.daemon.memory() - self.before
        print(f"anonymous memory: {self.before / MIB:.1f} MiB before, {growth / MIB:+.1f} MiB since")
        self.assertLess(growth, limit)

    def works(self):
        self.assertEqual(self.root.manager_property("Mode"), "manual")
        self.root.revert("lp_a")
        self.wait_state(self.root, "lp_a", "absent")

    def reverted_in_a_flood(self, admin):
        took, sent, crowd = revert_in_a_flood(self, admin)
        print(f"accepted after {sorted(round(time) for time in took)} ms, while {sent} calls of others came")
        self.assertLess(statistics.median(took), SOON * 1000)
        self.wait_state(self.root, "lp_a", "absent")
        self.assertEqual([call for call in self.daemon.tell("calls") if call.startswith("disable")],
                         ["disable lp_c", "disable lp_b", "disable lp_a"])
        for client in crowd:
            client.collect(0.01)
            self.assertTrue(client.replies)
        self.bounded()

    def test_a_hundred_callers_and_four_who_flood(self):
        self.reverted_in_a_flood(self.root)

    def test_an_admin_who_is_not_root_in_a_flood(self):
        """Polkit has to be asked about him, while it is asked about those who flood."""
        admin = self.connect(uid=1000)
        self.polkit.admins.add(admin.name)
        self.reverted_in_a_flood(admin)
        self.assertIn((admin.name, "org.livepatchd1.revert", 0), self.polkit.asked)

    def test_callers_who_never_read(self):
        silent = [self.connect_nobody() for _ in range(32)]
        for client in silent:
            client.subscribe(sender=NAME)
            for _ in range(100):
                client.send(ROOT, OBJECT_MANAGER, "GetManagedObjects")
        for _ in range(20):  # signals to all of them
            self.root.revert("lp_a")
            self.wait_state(self.root, "lp_a", "absent")
            self.root.apply("lp_a")
            self.wait_state(self.root, "lp_a", "enabled")
        self.works()
        self.bounded()

    def test_callers_who_vanish_while_polkit_is_asked(self):
        self.polkit.hold()
        for _ in range(16):
            client = self.connect_nobody()
            for _ in range(4):
                client.send_manager("RevertAll", interactive=True)
            client.close()
        self.works()
        self.polkit.release()
        nobody = self.connect_nobody()
        self.wait_for(lambda: self.may_ask(nobody), "room")
        self.bounded()

    def test_who_is_gone_when_his_password_is_typed_gets_nothing(self):
        self.polkit.allowed.add("org.livepatchd1.revert")
        self.polkit.hold()
        nobody = self.connect_nobody()
        nobody.send_manager("Revert", "lp_a", interactive=True)
        self.polkit.wait_asked(1)
        nobody.close()
        self.polkit.release()
        other = self.connect_nobody()
        with contextlib.suppress(Refused):
            other.manager("Refresh")  # comes after it
        self.assertEqual(self.root.patch("lp_a")["State"], "enabled")
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a"])

    def may_ask(self, client):
        try:
            client.manager("Refresh")
        except Refused as error:
            return error.name != "LimitsExceeded"
        return True

    def test_an_admin_who_vanishes_while_his_call_waits(self):
        """What he asked for is done, and nobody is answered."""
        self.daemon.tell("block")
        other = self.connect()
        serial = other.send_manager("Apply", "lp_b")
        self.wait_manager(self.root, "Stage", "loading")
        third = self.connect()
        third.send_manager("Apply", "lp_c")
        third.manager_property("Mode")
        other.close()
        third.close()
        del serial
        self.daemon.tell("unblock")
        for name in ("lp_b", "lp_c"):
            self.wait_state(self.root, name, "enabled")
        self.works()
        self.bounded()

    # weighs memory
    def test_huge_arguments(self):
        nobody = self.connect_nobody()
        huge = "x" * (8 * MIB)
        for client in (nobody, self.root):
            for patch, options in ((huge, {}), ("lp_a", {"reason": ("s", huge)}),
                                   ("lp_a", {huge: ("b", True)}),
                                   ("lp_a", {"interactive": ("as", ["y"] * 500_000)}),
                                   ("lp_a", {str(i): ("b", True) for i in range(100_000)})):
                self.refused("InvalidArgument", client.wait,
                             client.send(ROOT, MANAGER, "Revert", "sa{sv}", patch, options))
        self.assertEqual(self.polkit.asked, [])
        self.works()
        self.bounded()

    def test_values_of_strange_types(self):
        deep = ("s", "bottom")
        for _ in range(30):
            deep = ("v", deep)
        for value in (deep, ("a{sv}", {"x": deep}), ("(sv)", ("x", deep)), ("aay", [b"x"] * 1000),
                      ("t", 2**64 - 1), ("d", float("nan")), ("g", "a{sv}"), ("o", "/")):
            for key in ("interactive", "reason", "dry_run"):
                self.refused("InvalidArgument", self.root.wait, self.root.send(
                    ROOT, MANAGER, "Revert", "sa{sv}", "lp_a", {key: value}))
        invalid = "org.freedesktop.DBus.Error.InvalidArgs"
        for signature, body in (("", ()), ("s", ("lp_a",)), ("a{sv}", ({},)), ("v", (deep,)),
                                ("sa{ss}", ("lp_a", {})), ("ssss", ("a", "b", "c", "d"))):
            self.refused(invalid, self.root.wait,
                         self.root.send(ROOT, MANAGER, "Revert", signature, *body))
        self.works()
        self.bounded()

    def test_bytes_that_are_no_message(self):
        """The bus throws them out, one by one, and we never see them."""
        good = call(ROOT, MANAGER, "Refresh", "a{sv}", {}).serialise(serial=7)
        for position in range(0, len(good), 3):
            with acting_as(NOBODY):
                connection = prep_socket(self.bus.socket, timeout=5)
            broken = bytearray(good)
            broken[position] ^= 0xFF
            with contextlib.suppress(OSError), connection:
                connection.sendall(bytes(broken) * 3)
        self.works()
        self.bounded()
