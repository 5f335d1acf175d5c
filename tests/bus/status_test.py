"""status.json says what the bus says."""
import calendar
import contextlib
import os
import stat
import time

from harness import answers
from harness.bus import MANAGER, PATCH, ROOT, Refused
from harness.case import MANUAL, RELEASE, BusCase


def microseconds(text):
    """RFC 3339, whole seconds, as microseconds; nothing is 0."""
    if text is None:
        return 0
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) * 1_000_000


class Status(BusCase):
    configuration = MANUAL

    def same_second(self, text, value):
        self.assertEqual(microseconds(text), value // 1_000_000 * 1_000_000)

    def compare(self, client):
        """With what the bus says now; the file follows a moment later."""
        status = self.status_json()
        answers.check("status", status)
        manager = client.get_all(ROOT, MANAGER)
        self.assertEqual((status["schema"], status["daemon"]), (1, "running"))
        self.assertEqual(status["kernel"], {
            "release": manager["KernelRelease"], "build_id": manager["KernelBuildId"],
            "version": status["kernel"]["version"], "livepatch": True})
        for key, name in (("health", "Health"), ("health_reasons", "HealthReasons"),
                          ("mode", "Mode"), ("stage", "Stage"), ("reboot_needed", "RebootNeeded"),
                          ("reboot_reasons", "RebootReasons")):
            self.assertEqual(status[key], manager[name])
        self.same_second(status["last_refresh"], manager["LastRefresh"])
        self.assertIsNone(status["metadata_expires"])
        objects = [interfaces[PATCH] for _, interfaces in sorted(client.objects().items())]
        self.assertEqual(len(status["patches"]), len(objects))
        for patch, shown in zip(status["patches"], objects):
            for key in ("name", "id", "version", "state", "disposition", "flags", "reason",
                        "source", "severity", "cves", "sha256", "signer", "replace", "probation"):
                self.assertEqual(patch[key], shown[key.capitalize()], key)
            self.assertEqual([tuple(function.values()) for function in patch["functions"]],
                             shown["Functions"])
            self.assertEqual([tuple(candidate.values()) for candidate in patch["candidates"]],
                             shown["Candidates"])
            self.same_second(patch["loaded_at"], shown["LoadedAt"])
            transition = patch["transition"] or {"since": None, "tasks_remaining": 0}
            self.same_second(transition["since"], shown["TransitionStarted"])
            self.assertEqual(transition["tasks_remaining"], shown["TasksRemaining"])
        return status

    def wait_file(self, condition, what):
        return self.wait_for(lambda: condition(self.status_json()), what)

    def test_it_equals_the_bus(self):
        client = self.start()
        self.wait_file(lambda status: status["stage"] == "idle", "the first report")
        self.assertEqual(self.compare(client)["kernel"]["release"], RELEASE)
        for name in ("lp_a", "lp_b", "lp_c"):
            self.offer_and_see(client, name)
        self.offer_and_see(client, "lp_bad", key="unknown")
        self.daemon.tell("foreign-load", "other")
        self.wait_state(client, "other", "enabled")
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        client.revert("lp_c", reason="a reason")
        self.daemon.tell("stall", "lp_b")
        self.daemon.tell("task", {"pid": 100})
        client.apply("lp_b")
        self.wait_file(lambda status: status["stage"] == "transitioning" and any(
            (patch["transition"] or {}).get("tasks_remaining") == 1
            for patch in status["patches"]), "the task")
        status = self.compare(client)
        self.assertEqual(status["health"], "degraded")
        self.assertEqual([patch["name"] for patch in status["patches"]],
                         ["lp_a", "lp_b", "lp_bad", "lp_c", "other"])

    def test_its_mode(self):
        os.umask(0o077)
        self.addCleanup(os.umask, 0o022)
        self.start()
        mode = (self.directory / "run/status.json").stat().st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o644)

    def test_it_is_there_when_the_daemon_is_ready(self):
        self.prepare()
        self.offer("lp_a")
        self.daemon.begin()
        self.assertEqual([patch["name"] for patch in self.status_json()["patches"]], ["lp_a"])

    def test_it_is_never_half_written(self):
        client = self.start()
        for name in ("lp_a", "lp_b"):
            self.offer_and_see(client, name)
        calls = [client.send_manager(method, name)
                 for name in ("lp_a", "lp_b") for method in ("Apply", "Revert")]
        for _ in range(200):
            self.assertEqual(self.status_json()["schema"], 1)
        for call in calls:
            with contextlib.suppress(Refused):  # a later call may undo an earlier one
                client.wait(call)

    def test_a_daemon_that_stops_says_so(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.assertEqual(self.daemon.stop(), 0)
        status = self.status_json()
        self.assertEqual((status["daemon"], status["health"]), ("absent", "degraded"))
        self.assertIn("daemon-not-running", status["health_reasons"])
        self.assertEqual([patch["name"] for patch in status["patches"]], ["lp_a"])
        client = self.start()
        self.wait_file(lambda status: status["daemon"] == "running", "the next one")
        self.assertNotIn("daemon-not-running", client.manager_property("HealthReasons"))
