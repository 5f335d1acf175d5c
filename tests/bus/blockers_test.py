"""Which tasks a transition waits for, and who gets to know what."""
from harness.bus import MANAGER, NOBODY, ROOT
from harness.case import MANUAL, BusCase

KTHREAD = {"pid": 50, "kthread": True, "comm": "kpatchd", "wchan": "patched_wait",
           "stack": "[<0>] patched_wait+0x10/0x20\n[<0>] kthread+0x1/0x2\n"}
SERVICE = {"pid": 60, "comm": "data\x1b[31mbase", "wchan": "futex_wait_queue",
           "stack": "[<0>] futex_wait_queue+0x1/0x2\n",
           "cgroup": "0::/system.slice/database.service\n"}
THREAD = {"pid": 60, "tid": 61, "comm": "worker", "state": "D"}
OWN = {"pid": 70, "comm": "sleep", "uid": NOBODY, "wchan": "hrtimer_nanosleep",
       "stack": "[<0>] hrtimer_nanosleep+0x1/0x2\n"}
DONE = {"pid": 80, "patch_state": 1}


class Blockers(BusCase):
    configuration = MANUAL

    def setUp(self):
        super().setUp()
        self.root = self.start()
        self.offer_and_see(self.root, "lp_a", functions=["patched_wait"])
        for task in (KTHREAD, SERVICE, THREAD, OWN, DONE):
            self.daemon.tell("task", task)

    def stall(self):
        self.daemon.tell("stall", "lp_a")
        self.root.apply("lp_a")

    def test_none_while_nothing_moves(self):
        self.assertEqual(self.root.blockers(), [])
        self.root.apply("lp_a")
        self.wait_state(self.root, "lp_a", "enabled")
        self.assertEqual(self.root.blockers(), [])

    def test_all_about_them(self):
        self.stall()
        found = {entry["tid"]: entry for entry in self.root.blockers()}
        self.assertEqual(sorted(found), [50, 60, 61, 70])
        thread = found[50]
        self.assertTrue(thread.pop("advice"))
        self.assertEqual(thread, {
            "pid": 50, "tid": 50, "comm": "kpatchd", "kind": "kthread", "unit": "", "container": "",
            "state": "S", "function": "patched_wait", "class": thread["class"],
            "wchan": "patched_wait",
            "stack": ["patched_wait+0x10/0x20", "kthread+0x1/0x2"]})
        service = found[60]
        self.assertEqual((service["kind"], service["unit"], service["function"]),
                         ("user", "database.service", ""))
        self.assertEqual(service["comm"], "data\\x1b[31mbase")
        self.assertEqual((found[61]["pid"], found[61]["state"]), (60, "D"))

    def test_the_types(self):
        self.stall()
        entry = self.root.call(ROOT, MANAGER, "ListBlockers")[0]
        self.assertEqual({key: kind for key, (kind, _) in entry.items()}, {
            "pid": "u", "tid": "u", "comm": "s", "kind": "s", "unit": "s", "container": "s",
            "state": "s", "function": "s", "class": "s", "advice": "s", "wchan": "s",
            "stack": "as"})

    def test_a_stranger_sees_kernel_threads_and_his_own(self):
        self.stall()
        nobody = self.connect_nobody()
        found = {entry["tid"]: entry for entry in nobody.blockers()}
        self.assertEqual(sorted(found), [50, 70])
        for entry in found.values():
            self.assertNotIn("wchan", entry)
            self.assertNotIn("stack", entry)
        self.assertEqual(found[50]["function"], "patched_wait")

    def test_whom_polkit_allows_sees_all(self):
        self.stall()
        self.polkit.allowed = {"org.livepatchd1.inspect"}
        nobody = self.connect_nobody()
        self.assertEqual(nobody.blockers(), self.root.blockers())

    def test_without_polkit_a_stranger_sees_as_little(self):
        self.polkit.failing = True
        self.stall()
        nobody = self.connect_nobody()
        self.assertEqual([entry["tid"] for entry in nobody.blockers()], [50, 70])

    def test_those_of_the_way_back(self):
        self.root.apply("lp_a")
        self.wait_state(self.root, "lp_a", "enabled")
        self.daemon.tell("stall", "lp_a")
        self.root.revert("lp_a")
        found = [entry["tid"] for entry in self.root.blockers()]
        self.assertEqual(found, [80])
