"""Everything around the daemon that breaks, and the daemon that does not."""
import json
import pathlib
import shutil
import signal
import tempfile
import time

from harness.bus import MANAGER, NAME, PATCH, PROPERTIES, ROOT, patch_path
from harness.case import MANUAL, BusCase


class Failure(BusCase):
    def kernel_file(self, name):
        try:
            return (self.directory / "sys/kernel/livepatch" / name).read_text().strip()
        except FileNotFoundError:
            return ""

    def test_an_exception_in_a_handler_is_an_error_reply(self):
        client = self.start()
        for action in ("apply", "revert", "configure", "inspect"):
            self.daemon.tell("fail", f"org.livepatchd1.{action}")
        for method, arguments in (("Refresh", ()), ("Apply", ("lp_a",)), ("ApplyAll", ()),
                                  ("Revert", ("lp_a",)), ("RevertAll", ())):
            for _ in range(6):  # more than may be pending: none is left over
                message = self.refused("Failed", client.manager, method, *arguments)
                self.assertIn("as the script says", message)
        self.refused("Failed", client.blockers)
        self.assertEqual(client.manager_property("Mode"), "automatic")

    def test_a_kernel_that_does_not_come_back_keeps_nobody_waiting(self):
        client = self.start()
        self.daemon.tell("block")
        self.offer("lp_a")
        self.wait_for(lambda: client.manager_property("Stage") == "loading", "the load")
        began = time.monotonic()
        for _ in range(20):
            client.patch("lp_a")
            client.get_all(ROOT, MANAGER)
        self.assertEqual(client.blockers(), [])
        self.assertLess(time.monotonic() - began, 5)
        waiting = client.send_manager("Revert", "lp_a")
        client.collect(0.2)
        self.daemon.tell("unblock")
        client.wait(waiting)
        self.wait_state(client, "lp_a", "absent")
        self.assertEqual(client.patch("lp_a")["Disposition"], "held")

    def test_killed_in_a_transition_the_next_one_takes_over(self):
        client = self.start()
        self.daemon.tell("stall", "lp_a")
        path = self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabling")
        # A module that is coming counts as enabling before it has a directory.
        self.wait_for(lambda: self.kernel_file("lp_a/transition") == "1", "its transition")
        self.daemon.kill()
        self.prepare()
        self.daemon.tell("stall", "lp_a")
        self.daemon.begin()
        client = self.connect()
        patch = client.patch("lp_a")
        self.assertEqual((patch["State"], patch["Disposition"]), ("enabling", "managed"))
        self.assertEqual(patch["Sha256"], self.sha256(path))
        self.daemon.tell("release", "lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.assertEqual(self.daemon.tell("calls"), [])

    def test_killed_while_it_reverts_the_next_one_goes_on(self):
        client = self.start()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.daemon.tell("stall", "lp_a")
        client.revert("lp_a")
        self.daemon.kill()
        client = self.start()
        self.wait_state(client, "lp_a", "absent")
        self.assertEqual(client.patch("lp_a")["Disposition"], "held")

    def test_stopped_it_leaves_the_patches_where_they_are(self):
        client = self.start()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertTrue(self.daemon.notifications.wait("STOPPING=1"))
        self.assertEqual(self.kernel_file("lp_a/enabled"), "1")
        client = self.start()
        patch = client.patch("lp_a")
        self.assertEqual((patch["State"], patch["Disposition"]), ("enabled", "managed"))
        self.assertEqual(self.daemon.tell("calls"), [])

    def test_stopped_in_a_load_it_waits_for_the_kernel_and_answers(self):
        client = self.start()
        self.daemon.tell("block")
        self.offer("lp_a")
        self.wait_for(lambda: client.manager_property("Stage") == "loading", "the load")
        waiting = [client.send_manager("Apply", "lp_a"), client.send_manager("Revert", "lp_a")]
        client.manager_property("Mode")
        self.daemon.signal(signal.SIGTERM)
        self.assertTrue(self.daemon.notifications.wait("STOPPING=1"))
        self.daemon.tell("unblock")
        self.assertEqual(self.daemon.wait(), 0)
        for serial in waiting:
            with self.assertRaises(Exception) as answer:
                client.wait(serial)
            self.assertNotIsInstance(answer.exception, TimeoutError)

    def test_stopped_while_it_reads_it_ends_cleanly(self):
        client = self.start()
        for _ in range(4):
            client.send_manager("Refresh")
        self.assertEqual(self.daemon.stop(), 0)

    def test_without_its_bus_it_ends_with_an_error(self):
        client = self.start()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.bus.stop()
        self.assertEqual(self.daemon.wait(), 1)
        self.assertEqual(self.kernel_file("lp_a/enabled"), "1")

    def test_without_its_bus_in_a_load_it_ends_with_an_error(self):
        client = self.start()
        self.daemon.tell("block")
        self.offer("lp_a")
        # "loading" begins with the record of it, and the bus may be gone before that is written: then
        # nothing is loaded. In the kernel's hands is what the test is about.
        self.wait_for(lambda: self.daemon.tell("blocked"), "the load")
        client.send_manager("Apply", "lp_a")
        client.manager_property("Mode")
        self.bus.stop()
        time.sleep(0.3)
        self.daemon.tell("unblock")
        self.assertEqual(self.daemon.wait(), 1)

    def test_a_bus_that_comes_back_finds_it_again(self):
        client = self.start()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.bus.stop()
        self.assertEqual(self.daemon.wait(), 1)
        self.bus.start()
        self.polkit.stop()
        client = self.start()  # systemd does it
        self.assertEqual(client.patch("lp_a")["Disposition"], "managed")

    def test_no_bus_at_start(self):
        self.bus.stop()
        self.prepare()
        self.daemon._write(["start"])
        self.assertEqual(self.daemon.wait(), 1)

    def test_a_second_one_does_not_take_the_name(self):
        self.start()
        first = self.daemon
        self.daemon.notifications.close()
        second = self.prepare()
        second._write(["start"])
        self.assertEqual(second.wait(), 1)
        self.assertIn("another livepatchd runs", second.log.read_text())
        self.daemon = first
        first.notifications = second.notifications

    def test_systemd_is_told(self):
        client = self.start(watchdog_seconds=4)
        # Whoever is started after us finds the name.
        self.assertTrue(client.owner_of(NAME))
        notifications = self.daemon.notifications
        for _ in range(3):
            self.assertTrue(notifications.wait("WATCHDOG=1"))
        times = [when for when, text in notifications.seen if "WATCHDOG=1" in text]
        for earlier, later in zip(times, times[1:]):
            self.assertLess(later - earlier, 4)

    def test_a_stuck_loop_is_not_told_to_be_alive(self):
        client = self.start(watchdog_seconds=1)
        self.daemon.tell("hang", "org.livepatchd1.configure", 3000)
        client.send_manager("Refresh")
        time.sleep(0.2)
        while self.daemon.notifications.wait("WATCHDOG=1", 0):
            pass
        self.assertFalse(self.daemon.notifications.wait("WATCHDOG=1", 1.5))

    def test_state_that_cannot_be_written(self):
        client = self.start()
        # At once: the daemon is still putting files there.
        (self.directory / "state").rename(self.directory / "former-state")
        self.offer("lp_a")
        self.wait_for(lambda: any(reason.startswith("state-not-persistent: ") for reason in
                                  client.manager_property("HealthReasons")), "the complaint")
        self.assertEqual(client.manager_property("Health"), "degraded")
        self.assertEqual(self.daemon.tell("calls"), [])
        (self.directory / "state").mkdir()
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.wait_manager(client, "Health", "ok")

    def test_state_that_is_lost_at_reboot(self):
        memory = pathlib.Path(tempfile.mkdtemp(dir="/dev/shm"))
        self.addCleanup(shutil.rmtree, memory)
        (self.directory / "state").symlink_to(memory)
        client = self.start()
        self.offer_and_see(client, "lp_a")
        reasons = client.manager_property("HealthReasons")
        self.assertEqual(len(reasons), 1, reasons)
        (reason,) = reasons
        self.assertIn("state-not-persistent", reason)
        patch = client.patch("lp_a")
        self.assertEqual(patch["Disposition"], "available")
        self.assertIn("state-not-persistent", patch["Reason"])
        client.apply("lp_a")  # an admin decides for himself
        self.wait_state(client, "lp_a", "enabled")
        self.assertEqual(self.daemon.stop(), 0)
        self.write("etc/livepatchd.toml", "[security]\nwithout_crash_guard = true\n")
        client = self.start()
        self.offer("lp_b")
        self.wait_state(client, "lp_b", "enabled")

    def test_damaged_state(self):
        client = self.start()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        client.revert("lp_a")
        self.wait_state(client, "lp_a", "absent")
        self.assertEqual(self.daemon.stop(), 0)
        state = self.directory / "state/state.json"
        state.write_text(state.read_text()[:-20])
        client = self.start()
        self.assertEqual(client.manager_property("Health"), "degraded")
        self.assertIn("previous generation", client.manager_property("HealthReasons")[0])
        self.assertEqual(client.patch("lp_a")["Disposition"], "held")

    def test_lost_state(self):
        client = self.start()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        client.revert("lp_a")
        self.wait_state(client, "lp_a", "absent")
        self.assertEqual(self.daemon.stop(), 0)
        for name in ("state.json", "state.json.previous"):
            (self.directory / "state" / name).write_text("x")
        client = self.start()
        self.assertEqual(client.manager_property("Health"), "degraded")
        reasons = client.manager_property("HealthReasons")
        self.assertEqual(len(reasons), 1, reasons)
        (reason,) = reasons
        self.assertTrue(reason.startswith("state-damaged: "), reason)
        patch = client.patch("lp_a")
        self.assertEqual(patch["Disposition"], "available")  # what was taken out does not come back
        self.assertIn("state-damaged", patch["Reason"])
        client.call(ROOT, MANAGER, "Resume", "")
        self.wait_state(client, "lp_a", "enabled")
        self.assertEqual(client.manager_property("HealthReasons"), [])

    def test_file_names_of_any_bytes(self):
        client = self.start()
        for name in (b"\xff\xfe.ko", b"lp\n\x1b[31m.ko", b"x" * 252 + b".ko"):
            with open(bytes(self.source) + b"/" + name, "wb") as file:
                file.write(b"nonsense")
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        reasons = client.manager_property("HealthReasons")
        self.assertEqual(len(reasons), 3)
        self.assertTrue(any("\\xff\\xfe.ko" in reason for reason in reasons), reasons)
        self.assertFalse(any("\x1b" in reason or "\n" in reason for reason in reasons), reasons)
        json.dumps(self.status_json())


class Idle(BusCase):
    parent = "/var/lib"  # where, unlike below /var/tmp, nobody makes files meanwhile

    # weighs wake-ups
    def test_idle_it_sleeps(self):
        client = self.start()
        client.call("/org/freedesktop/LogControl1", PROPERTIES, "Set", "ssv",
                    "org.freedesktop.LogControl1", "LogLevel", ("s", "debug"))
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        time.sleep(2.5)  # what follows a transition is over
        before = self.daemon.wake_ups()
        said = len(self.daemon.log.read_text())
        time.sleep(5)
        woken = {thread: count - before.get(thread, 0)
                 for thread, count in self.daemon.wake_ups().items()}
        self.assertLessEqual(sum(woken.values()), 2, f"wake-ups by thread: {woken}; the daemon: "
                             + self.daemon.log.read_text()[said:])


class Configuration(BusCase):
    def test_a_broken_main_file(self):
        self.write("etc/livepatchd.toml", "[apply]\nmode = 'automatic'\nmoed = 1\n")
        client = self.start()
        self.assertEqual(client.manager_property("Mode"), "manual")
        self.assertEqual(client.manager_property("Health"), "degraded")
        reasons = client.manager_property("HealthReasons")
        self.assertEqual(len(reasons), 1, reasons)
        (reason,) = reasons
        self.assertIn(f"{self.directory}/etc/livepatchd.toml:3", reason)
        self.offer_and_see(client, "lp_a")
        self.assertEqual(client.get(patch_path("lp_a"), PATCH, "Disposition"), "available")
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")

    def test_a_broken_source(self):
        self.write("etc/repos.d/broken.toml", "trust = 'module-signature'\npath = [\n")
        client = self.start()
        self.assertEqual(client.manager_property("Mode"), "automatic")
        reasons = client.manager_property("HealthReasons")
        self.assertEqual(len(reasons), 1, reasons)
        (reason,) = reasons
        self.assertIn(f"{self.directory}/etc/repos.d/broken.toml", reason)
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")

    def test_manual_mode(self):
        self.write("etc/livepatchd.toml", MANUAL)
        self.assertEqual(self.start().manager_property("Mode"), "manual")

    def test_a_source_that_others_may_write(self):
        self.source.chmod(0o777)
        client = self.start()
        reasons = client.manager_property("HealthReasons")
        self.assertEqual(len(reasons), 1, reasons)
        (reason,) = reasons
        self.assertIn(str(self.source), reason)
        self.assertEqual(client.objects(), {})
