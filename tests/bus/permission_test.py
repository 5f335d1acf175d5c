"""Who may do what: polkit is asked about everybody but root, and never waited for."""
import time

from harness.bus import MANAGER, ROOT, patch_path
from harness.case import MANUAL, BusCase

ALLOW_INTERACTION = 1  # polkit's CheckAuthorizationFlags

CALLS = (
    ("Refresh", (), "configure"),
    ("Apply", ("lp_a",), "apply"),
    ("ApplyAll", (), "apply"),
    ("Revert", ("lp_a",), "revert"),
    ("RevertAll", (), "revert"),
)


class Permission(BusCase):
    configuration = MANUAL

    def setUp(self):
        super().setUp()
        self.root = self.start()
        self.nobody = self.connect_nobody()
        self.offer_and_see(self.root, "lp_a")

    def test_each_method_asks_for_its_action(self):
        for method, arguments, action in CALLS:
            self.polkit.asked.clear()
            self.refused("NotAuthorized", self.nobody.manager, method, *arguments)
            self.assertEqual(self.polkit.asked,
                             [(self.nobody.name, f"org.livepatchd1.{action}", 0)], method)
        self.polkit.asked.clear()
        self.nobody.blockers()
        self.assertEqual(self.polkit.asked, [(self.nobody.name, "org.livepatchd1.inspect", 0)])
        self.assertEqual(self.daemon.tell("calls"), [])

    def test_each_method_runs_when_polkit_allows_its_action(self):
        for method, arguments, action in CALLS:
            self.polkit.allowed = {f"org.livepatchd1.{action}"}
            self.nobody.manager(method, *arguments)
        self.wait_state(self.root, "lp_a", "absent")
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a", "disable lp_a", "remove lp_a"])

    def test_a_caller_may_let_polkit_ask_him(self):
        for method, arguments, _ in CALLS:
            self.polkit.asked.clear()
            for may in (True, False):
                self.refused("NotAuthorized", self.nobody.manager, method, *arguments,
                             interactive=may)
            self.assertEqual([flags for _, _, flags in self.polkit.asked], [ALLOW_INTERACTION, 0])

    def test_the_refusal_names_the_action(self):
        message = self.refused("NotAuthorized", self.nobody.apply, "lp_a")
        self.assertIn("org.livepatchd1.apply", message)

    def test_root_needs_no_polkit(self):
        self.polkit.hold()
        self.daemon.tell("task", {"pid": 100})
        self.daemon.tell("stall", "lp_a")
        self.root.apply("lp_a")
        self.assertEqual([task["pid"] for task in self.root.blockers()], [100])
        self.assertEqual(self.polkit.asked, [])

    def test_what_makes_no_sense_is_refused_before_polkit_is_asked(self):
        self.refused("InvalidArgument", self.nobody.manager, "Refresh", colour="blue")
        self.assertEqual(self.polkit.asked, [])

    def test_polkit_that_fails(self):
        self.polkit.failing = True
        self.assertIn("polkit", self.refused("NotAuthorized", self.nobody.apply, "lp_a"))
        self.root.apply("lp_a")

    def test_others_are_answered_while_polkit_takes_its_time(self):
        self.polkit.hold()
        waiting = self.nobody.send_manager("Apply", "lp_a", interactive=True)
        self.polkit.wait_asked(1)
        began = time.monotonic()
        self.assertEqual(self.root.manager_property("Mode"), "manual")
        self.root.apply("lp_a")
        self.root.revert("lp_a")
        self.assertLess(time.monotonic() - began, 5)
        self.nobody.collect(0.1)
        self.assertEqual(self.nobody.replies, {})
        self.polkit.allowed = {"org.livepatchd1.apply"}
        self.polkit.release()
        self.assertEqual(self.nobody.wait(waiting), (patch_path("lp_a"),))

    def test_a_caller_who_is_gone_before_polkit_answers(self):
        self.polkit.hold()
        self.nobody.send_manager("Revert", "lp_a")
        self.polkit.wait_asked(1)
        self.nobody.close()
        self.polkit.release()
        self.wait_for(lambda: self.root.patch("lp_a")["Disposition"] == "available", "an answer")
        self.root.apply("lp_a")

    def test_a_caller_who_wants_no_reply(self):
        self.polkit.allowed = {"org.livepatchd1.apply"}
        self.nobody.send(ROOT, MANAGER, "Apply", "sa{sv}", "lp_a", {}, no_reply=True)
        self.wait_state(self.root, "lp_a", "enabled")
        self.nobody.send(ROOT, MANAGER, "Apply", "sa{sv}", "", {}, no_reply=True)
        self.assertEqual(self.nobody.manager_property("Mode"), "manual")
        self.assertEqual(self.nobody.replies, {})


class NoPolkit(BusCase):
    configuration = MANUAL
    with_polkit = False

    def test_root_alone_may_change_things(self):
        root = self.start()
        nobody = self.connect_nobody()
        self.offer_and_see(root, "lp_a")
        for method, arguments, _ in CALLS:
            message = self.refused("NotAuthorized", nobody.manager, method, *arguments)
            self.assertIn("polkit", message)
        self.assertEqual(nobody.blockers(), [])
        self.assertEqual(nobody.patch("lp_a")["State"], "absent")
        root.apply("lp_a")
        self.wait_state(root, "lp_a", "enabled")
