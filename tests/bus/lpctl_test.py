"""lpctl with the daemon on the bus: exit codes, JSON, and what it does without the daemon."""
import json
import signal

from harness.bus import MANAGER, NOBODY, ROOT
from harness.case import MANUAL, RELEASE
from harness.lpctl import LpctlCase

# DESIGN promises a second; sanitizers and tests side by side take some of it.
AT_ONCE = 5.0


class Lpctl(LpctlCase):
    configuration = MANUAL

    def error(self, status, name, *arguments, uid=0):
        """Refused, in the words of a person and of a program."""
        words = self.lpctl(status, *arguments, uid=uid)
        self.assertTrue(words.startswith("lpctl: "), words)
        error = self.lpctl(status, *arguments, "--json", uid=uid)["error"]
        self.assertEqual(error["name"], name)
        self.assertTrue(error["message"])
        self.assertIsInstance(error["details"], dict)
        return error

    def test_0_done(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        applied = self.lpctl(0, "apply", "lp_a", "--json")["patches"]
        self.assertEqual([(patch["name"], patch["state"], patch["result"]) for patch in applied],
                         [("lp_a", "enabled", "applied")])
        self.assertIn("already", self.lpctl(0, "apply", "lp_a"))
        self.assertEqual(client.patch("lp_a")["State"], "enabled")
        self.lpctl(0, "revert", "lp_a", "--reason", "spring clean")
        self.assertEqual(client.patch("lp_a")["Reason"], "spring clean")
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a", "disable lp_a", "remove lp_a"])
        self.lpctl(0, "revert", "lp_a")

    def test_all(self):
        client = self.start()
        for name in ("lp_a", "lp_b"):
            self.offer_and_see(client, name)
        self.lpctl(0, "apply", "--all", "--dry-run")
        self.assertEqual(self.daemon.tell("calls"), [])
        self.assertEqual(len(self.lpctl(0, "apply", "--all", "--json")["patches"]), 2)
        self.lpctl(0, "revert", "--all")
        self.assertEqual(client.patch("lp_a")["State"], "absent")
        self.assertEqual(client.patch("lp_b")["State"], "absent")

    def test_1_failed(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("refuse", "lp_a", "LoadFailed", "no", "lp_a: the kernel's line")
        self.assertIn("the kernel's line", self.lpctl(1, "apply", "lp_a"))
        self.error(1, "LoadFailed", "apply", "lp_a")

    def test_2_command_line(self):
        self.start()
        self.error(2, "InvalidArgument", "explode")
        self.error(2, "InvalidArgument", "apply", "--colour", "blue")
        self.error(2, "InvalidArgument", "apply")
        self.error(2, "InvalidArgument", "apply", "lp_a", "--reason", "x" * 1025)
        self.error(2, "InvalidArgument", "hold")
        self.error(2, "InvalidArgument", "unhold")
        self.error(2, "InvalidArgument", "pause", "--reason", "x" * 1025)
        self.error(2, "InvalidArgument", "resume", "--reason", "x")

    def test_3_unknown(self):
        self.start()
        for verb in ("apply", "revert", "show", "hold", "unhold"):
            self.error(3, "NotFound", verb, "lp_x")

    def test_4_not_now(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        held = self.lpctl(0, "hold", "lp_a", "--reason", "a freeze", "--json")["patches"]
        self.assertEqual([(patch["name"], patch["state"], patch["result"]) for patch in held],
                         [("lp_a", "absent", "held")])
        self.assertIn("held", self.lpctl(0, "hold", "lp_a"))
        self.assertIn("a freeze", self.error(4, "Held", "apply", "lp_a")["message"])
        self.assertIn("a freeze", self.lpctl(0, "status"))
        self.assertEqual(self.lpctl(0, "pause", "--json")["paused"], True)
        unheld = self.lpctl(0, "unhold", "lp_a", "--json")["patches"]
        self.assertEqual([patch["result"] for patch in unheld], ["unheld"])
        self.lpctl(0, "unhold", "lp_a")
        self.error(4, "Paused", "apply", "lp_a")
        self.error(4, "Paused", "apply", "--all")
        self.lpctl(1, "status", "--check")
        self.lpctl(0, "pause", "--reason", "a release")
        self.assertIn("paused: a release", self.lpctl(0, "status"))
        self.assertEqual(self.lpctl(0, "resume", "--json")["paused"], False)
        self.lpctl(0, "resume")
        self.assertEqual(self.daemon.tell("calls"), [])
        self.lpctl(0, "apply", "lp_a")

    def test_5_not_authorised(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        for arguments in (("apply", "lp_a"), ("apply", "--all"), ("revert", "lp_a"), ("refresh",),
                          ("hold", "lp_a"), ("unhold", "lp_a"), ("pause",), ("resume",)):
            self.error(5, "NotAuthorized", *arguments, uid=NOBODY)
        self.assertEqual(self.daemon.tell("calls"), [])
        self.lpctl(0, "status", uid=NOBODY)
        self.polkit.allowed = {"org.livepatchd1.apply"}
        self.lpctl(0, "apply", "lp_a", uid=NOBODY)

    def test_6_refused(self):
        client = self.start()
        self.offer_and_see(client, "lp_1", tampered=True)
        self.offer_and_see(client, "lp_2", release="6.1.0-1-amd64")
        self.error(6, "VerificationFailed", "apply", "lp_1")
        self.error(6, "WrongKernel", "apply", "lp_2")
        self.daemon.tell("foreign-load", "other")
        self.wait_state(client, "other", "enabled")
        self.offer_and_see(client, "lp_3", replace=True)
        self.error(6, "Conflict", "apply", "lp_3")
        self.lpctl(0, "apply", "lp_3", "--replace-unmanaged")

    def test_7_not_waited_for_any_longer(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("stall", "lp_a")
        self.daemon.tell("task", {"pid": 100, "comm": "sleepy"})
        self.lpctl(7, "apply", "lp_a", "--timeout", "1s")
        self.assertEqual(client.patch("lp_a")["State"], "enabling")
        self.lpctl(0, "apply", "lp_a", "--no-wait")
        self.daemon.tell("release", "lp_a")
        self.lpctl(0, "apply", "lp_a")

    def test_8_no_daemon(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.assertEqual(self.daemon.stop(), 0)
        for arguments in (("apply", "lp_a"), ("revert", "lp_a"), ("refresh",), ("hold", "lp_a"),
                          ("unhold", "lp_a"), ("pause",), ("resume",)):
            self.error(8, "DaemonNotReachable", *arguments)
        status = self.lpctl(0, "status", "--json")
        self.assertEqual(status["daemon"], "absent")
        self.assertEqual([(patch["name"], patch["state"]) for patch in status["patches"]],
                         [("lp_a", "enabled")])
        self.assertEqual(self.lpctl(0, "blockers", "--json")["tasks"], [])

    def test_8_no_bus(self):
        self.start()
        self.bus.stop()
        self.assertEqual(self.daemon.wait(), 1)
        self.error(8, "DaemonNotReachable", "refresh")
        self.assertEqual(self.lpctl(0, "status", "--json")["daemon"], "absent")

    def test_9_unsupported(self):
        self.prepare()
        self.daemon.tell("no-livepatch")
        self.offer("lp_a")
        self.daemon.begin()
        self.error(9, "Unsupported", "apply", "lp_a")
        self.lpctl(9, "status", "--check")
        self.lpctl(0, "status")

    def test_check(self):
        client = self.start()
        self.lpctl(0, "status", "--check")
        self.offer_and_see(client, "lp_a")
        self.lpctl(10, "status", "--check")
        self.daemon.tell("stall", "lp_a")
        client.apply("lp_a")
        self.lpctl(11, "status", "--check")
        self.daemon.tell("release", "lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.lpctl(0, "status", "--check")
        self.offer_and_see(client, "lp_b", key="unknown")
        self.lpctl(1, "status", "--check")
        self.lpctl(1, "status", "--check=health")
        self.lpctl(0, "status")

    def test_status_json_is_that_of_the_daemon(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.wait_for(lambda: self.status_json()["stage"] == "idle", "the file")
        self.assertEqual(self.lpctl(0, "status", "--json"), self.status_json())

    def test_blockers_json(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("task", {"pid": 100, "comm": "sleepy", "wchan": "nap",
                                  "stack": "[<0>] nap+0x1/0x2\n"})
        self.daemon.tell("stall", "lp_a")
        client.apply("lp_a")
        answer = self.lpctl(0, "blockers", "--json")
        self.assertEqual(answer["patch"], "lp_a")
        self.assertTrue(answer["since"])
        (task,) = answer["tasks"]
        self.assertEqual(task, {
            "pid": 100, "tid": 100, "comm": "sleepy", "kind": "user", "unit": "", "container": "",
            "state": "S", "wchan": "nap", "stack": ["nap+0x1/0x2"], "function": "",
            "class": task["class"], "advice": task["advice"]})

    def test_list_show_and_version(self):
        client = self.start()
        path = self.offer_and_see(client, "lp_a", version="2.1")
        self.assertEqual([patch["name"] for patch in self.lpctl(0, "list", "--json")["patches"]],
                         ["lp_a"])
        shown = self.lpctl(0, "show", "lp_a", "--json")
        self.assertIn(self.sha256(path), json.dumps(shown))
        self.assertIn(client.manager_property("Version"), self.lpctl(0, "version"))
        self.assertIn(RELEASE, self.lpctl(0, "status"))

    def test_a_stuck_daemon_does_not_hold_up_reading(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("task", {"pid": 100, "comm": "sleepy"})
        self.daemon.tell("stall", "lp_a")
        client.apply("lp_a")
        client.get(ROOT, MANAGER, "Health")
        self.daemon.signal(signal.SIGSTOP)
        for uid in (0, NOBODY):
            for arguments in (("status",), ("list",), ("show", "lp_a")):
                run = self.run_lpctl(*arguments, uid=uid)
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertIn("lp_a", run.stdout)
                self.assertLess(run.seconds, AT_ONCE, arguments)
        run = self.run_lpctl("blockers")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("sleepy", run.stdout)
        self.assertLess(run.seconds, AT_ONCE)
