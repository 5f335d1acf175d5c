"""What happened: GetHistory, lpctl history and lpctl monitor, over restarts, and where the disk is in the way."""
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import time

from jeepney import DBusAddress, new_signal

from harness import answers
from harness.bus import MANAGER, NOBODY, PATIENCE, ROOT, plain
from harness.case import MANUAL, RELEASE
from harness.lpctl import LpctlCase

WHO = {"uid", "sender", "unit", "blockers"}

# Without "disabled", which is told of what is seen so, and a module may be gone before that.
LIFE = ["loaded", "enabled", "held", "disabling", "removed"]


class History(LpctlCase):
    configuration = MANUAL

    def history(self, client, **options):
        return [plain(event) for event in client.manager("GetHistory", **options)[0]]

    @staticmethod
    def kinds_of(events):
        """What happened, the oldest first."""
        return [event["event"] for event in reversed(list(events)) if event["event"] != "disabled"]

    def kinds(self, client, **options):
        return self.kinds_of(self.history(client, **options))

    def live(self, client, name, **options):
        """Applied and reverted, and remembered."""
        client.apply(name, **options)
        self.wait_state(client, name, "enabled")
        client.revert(name, **options)
        self.wait_state(client, name, "absent")
        self.wait_for(lambda: "removed" in self.kinds(client, patch=name), "the end of it")

    def database(self):
        return self.directory / "state/history.db"

    # GetHistory

    def test_a_life_is_remembered_with_who_wanted_it(self):
        client = self.start()
        path = self.offer_and_see(client, "lp_a", version="2.1")
        self.assertEqual(self.history(client), [])
        before = time.time() * 1e6
        self.live(client, "lp_a", reason="spring clean")
        self.assertEqual(self.kinds(client), LIFE)
        for event in self.history(client):
            self.assertEqual(event["patch"], "lp_a")
            self.assertEqual(event["id"], "lp_a")
            self.assertEqual(event["version"], "2.1")
            self.assertEqual(event["sha256"], self.sha256(path))
            self.assertEqual(event["source"], "files")
            self.assertRegex(event["signer"], r"^fixed \(sha256:")
            self.assertEqual(event["trigger"], "request")
            self.assertEqual(event["reason"], "spring clean")
            self.assertEqual((event["uid"], event["sender"]), (0, client.name))
            self.assertIsInstance(event["unit"], str)
            self.assertEqual(event["kernel"], RELEASE)
            self.assertTrue(event["boot_id"])
            self.assertTrue(before <= event["time"] <= time.time() * 1e6)
        by_kind = {event["event"]: event for event in self.history(client)}
        self.assertEqual(by_kind["loaded"]["outcome"], "begun")
        self.assertEqual(by_kind["enabled"]["outcome"], "done")
        self.assertGreater(by_kind["loaded"]["verify_usec"], 0)
        self.assertGreater(by_kind["loaded"]["load_usec"], 0)
        self.assertEqual(by_kind["loaded"]["transition_usec"], 0)
        self.assertGreater(by_kind["enabled"]["transition_usec"], 0)
        if "disabled" in by_kind:
            self.assertGreater(by_kind["disabled"]["transition_usec"], 0)

    def test_what_the_daemon_and_other_tools_do_is_theirs(self):
        self.write("etc/livepatchd.toml", '[apply]\nmode = "automatic"\n')
        client = self.start()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.daemon.tell("foreign-load", "lp_x")
        self.wait_for(lambda: "foreign-change" in self.kinds(client), "the other tool")
        triggers = {event["event"]: event["trigger"] for event in self.history(client)}
        self.assertEqual(triggers, {"loaded": "daemon", "enabled": "daemon",
                                    "foreign-change": "other-tool"})
        for event in self.history(client):
            self.assertNotIn("uid", event)
            self.assertEqual((event["sender"], event["unit"]), ("", ""))

    def test_holds_and_pauses_are_remembered(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        for method, *arguments in (("Hold", "lp_a", "a freeze"), ("Unhold", "lp_a"),
                                   ("Pause", "a release"), ("Resume",)):
            client.call(ROOT, MANAGER, method, "s" * len(arguments), *arguments)
        self.assertEqual(self.kinds(client), ["held", "unheld", "paused", "resumed"])
        for event in self.history(client):
            self.assertEqual((event["trigger"], event["uid"]), ("request", 0))
        self.assertEqual([event["reason"] for event in self.history(client)],
                         ["", "a release", "", "a freeze"])

    def test_a_failure_is_remembered_with_the_kernels_lines(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("refuse", "lp_a", "LoadFailed", "no", "livepatch: the kernel's line")
        self.refused("LoadFailed", client.apply, "lp_a")
        event = self.history(client)[0]
        self.assertEqual((event["event"], event["outcome"]), ("load-failed", "failed"))
        self.assertEqual(event["kernel_log"], ["livepatch: the kernel's line"])
        self.assertEqual(event["uid"], 0)

    def test_the_tasks_a_transition_waited_for(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("stall", "lp_a")
        self.daemon.tell("task", {"pid": 100, "comm": "sleeper"})
        client.apply("lp_a")
        self.wait_for(lambda: client.patch("lp_a")["TasksRemaining"] == 1, "the task")
        self.daemon.tell("release", "lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.wait_for(lambda: self.kinds(client) == LIFE[:2], "the end")
        blockers = self.history(client)[0]["blockers"]
        self.assertEqual(len(blockers), 1)
        self.assertTrue(blockers[0].startswith("sleeper[100]: "), blockers)

    def test_options(self):
        client = self.start()
        for name in ("lp_a", "lp_b"):
            self.offer_and_see(client, name)
            self.live(client, name)
        self.assertEqual(self.kinds(client), LIFE * 2)
        self.assertEqual(self.kinds(client, patch="lp_a"), LIFE)
        self.assertEqual({event["patch"] for event in self.history(client, patch="lp_a")}, {"lp_a"})
        self.assertEqual(self.history(client, patch="lp_never"), [])
        newest = self.history(client, limit=("u", 1))
        self.assertEqual([(event["event"], event["patch"]) for event in newest],
                         [("removed", "lp_b")])
        self.assertEqual(self.kinds(client, limit=("u", 0)), LIFE * 2)
        self.assertEqual(self.kinds(client, limit=("u", 2**32 - 1)), LIFE * 2)
        since = min(event["time"] for event in self.history(client, patch="lp_b"))
        self.assertEqual(self.kinds(client, since=since), LIFE)
        self.assertEqual(self.history(client, since=2**64 - 1), [])

    def test_options_that_make_no_sense(self):
        client = self.start()
        for options in ({"before": 1}, {"patch": ""}, {"patch": "x" * 257}, {"patch": 1},
                        {"since": "today"}, {"since": ("u", 1)}, {"limit": 1}, {"limit": ("i", -1)}):
            self.refused("InvalidArgument", self.history, client, **options)

    def test_a_thousand_at_most(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.live(client, "lp_a")
        with contextlib.closing(sqlite3.connect(self.database())) as database:
            columns = [row[1] for row in database.execute("PRAGMA table_info(event)")][1:]
            names = ", ".join(columns)
            for _ in range(9):
                database.execute(f"INSERT INTO event ({names}) SELECT {names} FROM event")
            database.commit()
        self.assertEqual(len(self.history(client)), 1000)
        self.assertEqual(len(self.history(client, limit=("u", 5000))), 1000)

    def test_who_did_it_is_for_those_who_may_inspect(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.live(client, "lp_a")
        self.assertEqual(self.kinds(client), LIFE)
        nobody = self.connect_nobody()
        for event in self.history(nobody):
            self.assertEqual(WHO & event.keys(), set())
            self.assertEqual(event["trigger"], "request")
        self.assertEqual(self.polkit.asked, [(nobody.name, "org.livepatchd1.inspect", 0)])
        self.polkit.allowed.add("org.livepatchd1.inspect")
        for event in self.history(nobody):
            self.assertEqual(WHO - event.keys(), set())

    def test_the_signal_has_all_but_who(self):
        client = self.start()
        client.subscribe(sender="org.livepatchd1")
        self.offer_and_see(client, "lp_a")
        client.apply("lp_a")
        signal_ = client.wait_signal(lambda signal: signal.name == "Event")
        event = plain(signal_.body[0])
        self.wait_for(lambda: self.history(client), "the history")
        remembered = self.history(client)[-1]
        self.assertEqual(event, {key: value for key, value in remembered.items() if key not in WHO})

    # Over restarts

    def test_it_outlives_the_daemon(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.live(client, "lp_a")
        self.daemon.stop()
        client = self.start()
        self.assertEqual(self.kinds(client), LIFE)
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.daemon.stop()  # at once: what is not written yet is written then
        events = self.lpctl(0, "history", "--json")["events"]
        self.assertEqual(self.kinds_of(events), LIFE + LIFE[:2])

    def test_a_daemon_killed_in_a_transition_tells_its_end(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("stall", "lp_a")
        client.apply("lp_a")
        self.wait_for(lambda: self.kinds(client) == ["loaded"], "the load")
        self.daemon.kill()
        client = self.start()
        self.wait_state(client, "lp_a", "enabled")
        self.wait_for(lambda: self.kinds(client) == ["loaded", "enabled"], "its end")

    def test_a_damaged_database_is_moved_aside(self):
        client = self.start()
        self.daemon.stop()
        self.database().write_bytes(b"x" * 8192)
        client = self.start()
        self.wait_for(lambda: any(reason.startswith("history-damaged: ") for reason in
                                  client.manager_property("HealthReasons")), "the complaint")
        self.assertEqual(client.manager_property("Health"), "degraded")
        self.offer_and_see(client, "lp_a")
        self.live(client, "lp_a")
        self.assertEqual(self.kinds(client), LIFE)
        aside = self.directory / "state/history.db.damaged"
        self.assertEqual(aside.read_bytes(), b"x" * 8192)
        aside.unlink()
        self.daemon.signal(signal.SIGHUP)
        self.wait_manager(client, "Health", "ok")

    def test_a_locked_database_is_waited_for_and_nothing_else_is(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.assertEqual(self.history(client), [])  # it is there
        with contextlib.closing(sqlite3.connect(self.database(), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            self.live(client, "lp_a")
            self.assertEqual(self.kinds(client), LIFE)  # what waits to be written
            waiting = len(self.history(client))
            self.wait_for(lambda: any(reason.startswith("history-not-written: ") for reason in
                                      client.manager_property("HealthReasons")), "the complaint")
            self.assertEqual(other.execute("SELECT count(*) FROM event").fetchone(), (0,))
            other.execute("COMMIT")
            self.wait_manager(client, "Health", "ok")
            self.assertEqual(other.execute("SELECT count(*) FROM event").fetchone(), (waiting,))

    def test_the_database_is_roots_alone(self):
        self.start()
        self.wait_for(self.database().exists, "the database")
        self.assertEqual(self.database().stat().st_mode & 0o7777, 0o600)

    # lpctl history

    def test_lpctl_history(self):
        client = self.start()
        for name in ("lp_a", "lp_b"):
            self.offer_and_see(client, name)
            self.live(client, name, reason="a test")
        everything = self.lpctl(0, "history", "--json")
        self.assertEqual((everything["schema"], everything["source"]), (1, "daemon"))
        events = everything["events"]
        self.assertEqual(self.kinds_of(events), LIFE * 2)
        self.assertEqual((events[0]["uid"], events[0]["reason"]), (0, "a test"))
        self.assertRegex(events[0]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        took = {event["event"]: event["transition_ms"] for event in events}
        self.assertGreater(took["enabled"], 0)
        self.assertEqual(self.kinds_of(self.lpctl(0, "history", "lp_a", "--json")["events"]), LIFE)
        self.assertEqual(len(self.lpctl(0, "history", "--limit", "3", "--json")["events"]), 3)
        self.assertEqual(self.lpctl(0, "history", "--since", "2100-01-01", "--json")["events"], [])
        words = self.lpctl(0, "history", "lp_b", "--since", "1h")
        self.assertIn("root", words)
        self.assertIn("every task runs the patched code", words)
        self.assertNotIn("lp_a", words)
        seen = self.lpctl(0, "history", "--json", uid=NOBODY)["events"]
        self.assertEqual({event["uid"] for event in seen}, {None})
        self.assertIn("an administrator", self.lpctl(0, "history", uid=NOBODY))
        self.assertEqual(self.lpctl(3, "history", "lp_c", "--json")["error"]["name"], "NotFound")

    def test_lpctl_history_without_the_daemon(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.live(client, "lp_a")
        self.daemon.stop()
        told = self.lpctl(0, "history", "--json")
        self.assertEqual(told["source"], "file")
        self.assertEqual(self.kinds_of(told["events"]), LIFE)
        self.assertEqual(told["events"][0]["uid"], 0)
        (self.directory / "state").chmod(0o700)
        words = self.lpctl(8, "history", uid=NOBODY)
        self.assertIn("only root can read", words)
        error = self.lpctl(8, "history", "--json", uid=NOBODY)["error"]
        self.assertEqual(error["name"], "DaemonNotReachable")

    def test_lpctl_history_of_a_daemon_that_was_killed(self):
        """What was not copied from the write-ahead log yet is read, and stays there."""
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.live(client, "lp_a")
        self.assertEqual(self.kinds(client), LIFE)
        self.daemon.kill()
        for _ in range(2):
            self.assertEqual(self.kinds_of(self.lpctl(0, "history", "--json")["events"]), LIFE)
        self.assertEqual(self.kinds(self.start()), LIFE)

    def test_what_the_history_had_and_the_state_had_not(self):
        """As by a kill between the two: told by both daemons, it is there once."""
        client = self.start()
        self.offer_and_see(client, "lp_a")
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.wait_for(lambda: self.kinds(client) == ["loaded", "enabled"], "its end")
        self.daemon.tell("stall", "lp_a")
        client.revert("lp_a")
        self.wait_for(lambda: self.kinds(client) == LIFE[:-1], "its beginning")
        state = self.directory / "state/state.json"
        before = state.read_text()
        self.assertEqual(json.loads(before)["state"]["loads"][0]["stage"], "reverting")
        self.daemon.tell("release", "lp_a")
        self.wait_for(lambda: self.kinds(client) == LIFE, "the end")
        self.daemon.kill()
        state.write_text(before)
        self.assertEqual(self.kinds(self.start()), LIFE)

    def test_what_the_state_had_and_the_history_had_not(self):
        """As by a kill between the two: what was overlooked is told."""
        client = self.start()
        self.offer_and_see(client, "lp_a")
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.wait_for(lambda: self.kinds(client) == ["loaded", "enabled"], "its end")
        other = sqlite3.connect(self.database(), isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        client.revert("lp_a")
        self.wait_state(client, "lp_a", "absent")
        state = self.directory / "state/state.json"
        self.wait_for(lambda: json.loads(state.read_text())["state"]["loads"] == [], "its record's end")
        self.daemon.kill()
        other.execute("ROLLBACK")
        client = self.start()
        self.wait_for(lambda: self.kinds(client) == ["loaded", "enabled", "removed"], "what was overlooked")
        self.assertIn("nobody was there", self.history(client)[0]["message"])

    def test_lpctl_history_with_the_daemon_stuck(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.live(client, "lp_a")
        self.assertEqual(self.kinds(client), LIFE)
        self.daemon.signal(signal.SIGSTOP)
        began = time.monotonic()
        self.assertEqual(self.lpctl(0, "history", "--json")["source"], "file")
        self.assertLess(time.monotonic() - began, 8)  # three seconds, under sanitizers
        self.daemon.signal(signal.SIGCONT)

    # lpctl monitor

    def monitor(self, *arguments):
        """Started and listening; its lines are read with self.line()."""
        process = subprocess.Popen([self.program(), "monitor", *arguments], env=self.environment(), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)

        def end():
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()

        self.addCleanup(end)
        return process

    def listens(self, client, process):
        """Something that is told again and again until the monitor has heard of it."""
        os.set_blocking(process.stdout.fileno(), False)

        def heard():
            client.call(ROOT, MANAGER, "Pause", "s", str(time.monotonic()))
            time.sleep(0.05)
            return process.stdout.read(1)

        first = self.wait_for(heard, "the monitor to listen")
        os.set_blocking(process.stdout.fileno(), True)
        return first

    def lines_until(self, process, condition, first=""):
        lines = []
        while not lines or not condition(lines[-1]):
            line = first + process.stdout.readline()
            first = ""
            self.assertTrue(line, f"the monitor ended: {process.poll()}")
            lines.append(line)
            if line.startswith("{"):
                answers.check("monitor", json.loads(line))
        return lines

    def test_monitor_tells_events_as_they_come(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        process = self.monitor("--json")
        first = self.listens(client, process)
        client.call(ROOT, MANAGER, "Resume")
        self.live(client, "lp_a")
        lines = self.lines_until(process, lambda line: '"removed"' in line, first)
        events = [json.loads(line) for line in lines]
        self.assertEqual({event["schema"] for event in events}, {1})
        of_patch = [event for event in events if event["patch"] == "lp_a"]
        self.assertEqual(self.kinds_of(reversed(of_patch)), LIFE)
        newest = self.lpctl(0, "history", "--limit", "1", "--json")["events"][0]
        self.assertEqual(events[-1], {"schema": 1, **newest, "uid": None, "sender": "", "unit": ""})
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(PATIENCE), 0)

    def test_monitor_for_people(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        process = self.monitor()
        first = self.listens(client, process)
        client.call(ROOT, MANAGER, "Resume")
        self.daemon.tell("refuse", "lp_a", "LoadFailed", "no", "livepatch: the kernel's line")
        self.refused("LoadFailed", client.apply, "lp_a")
        text = "".join(self.lines_until(process, lambda line: "kernel:" in line, first))
        self.assertIn("load-failed", text)
        self.assertIn("kernel: livepatch: the kernel's line", text)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 0)

    def test_monitor_survives_a_restart_of_the_daemon(self):
        client = self.start()
        process = self.monitor("--json")
        first = self.listens(client, process)
        client.call(ROOT, MANAGER, "Resume")
        self.daemon.stop()
        lines = self.lines_until(process, lambda line: '"daemon"' in line, first)
        self.assertEqual(json.loads(lines[-1]), {"schema": 1, "daemon": "absent"})
        client = self.start()
        lines = self.lines_until(process, lambda line: '"daemon"' in line)
        self.assertEqual(json.loads(lines[-1]), {"schema": 1, "daemon": "running"})
        client.call(ROOT, MANAGER, "Pause", "s", "again")
        lines = self.lines_until(process, lambda line: '"paused"' in line)
        self.assertIn("again", json.loads(lines[-1])["message"])
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(PATIENCE), 0)
        said = process.stderr.read()
        self.assertIn("livepatchd has ended", said)
        self.assertIn("livepatchd runs again", said)

    def test_monitor_hears_nobody_else(self):
        client = self.start()
        process = self.monitor("--json")
        first = self.listens(client, process)
        stranger = self.connect_nobody()
        with contextlib.suppress(OSError):
            self.send_signal(stranger)
        client.call(ROOT, MANAGER, "Resume")
        lines = self.lines_until(process, lambda line: '"resumed"' in line, first)
        self.assertEqual([line for line in lines if "forged" in line], [])

    def send_signal(self, client):
        message = new_signal(DBusAddress(ROOT, interface=MANAGER), "Event", "a{sv}",
                             ({"event": ("s", "forged")},))
        client.connection.send(message, serial=next(client.serials))

    def test_monitor_ends_when_the_bus_does(self):
        client = self.start()
        process = self.monitor("--json")
        self.listens(client, process)
        self.bus.stop()
        self.assertEqual(process.wait(PATIENCE), 8)
        self.assertEqual(self.daemon.wait(), 1)

    def test_monitor_without_the_daemon(self):
        self.lpctl(8, "monitor")
        self.assertEqual(self.lpctl(8, "monitor", "--json")["error"]["name"], "DaemonNotReachable")
