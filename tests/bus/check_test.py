"""What would come of a load: Check, CheckFile and lpctl check."""
import errno
import json
import os
import socket
import subprocess
import threading
import time

from harness.bus import MANAGER, ROOT, SOON, Refused, plain
from harness.case import MANUAL, BusCase

MIB = 1024 * 1024
LPCTL = os.environ.get("LPCTL", "lpctl-test")


class Check(BusCase):
    configuration = MANUAL

    def setUp(self):
        super().setUp()
        self.root = self.start()

    def check(self, client, patch):
        return self.answer(client.call(ROOT, MANAGER, "Check", "s", patch))

    def check_file(self, client, file, name="file.ko"):
        return self.answer(client.call(ROOT, MANAGER, "CheckFile", "hs", file, name))

    @staticmethod
    def answer(answer):
        values = plain(answer)
        values["checks"] = {row["name"]: row for row in map(plain, values["checks"])}
        return values

    def opened(self, path, flags=os.O_RDONLY):
        file = os.open(path, flags)
        self.addCleanup(os.close, file)
        return file

    def lpctl(self, status, *arguments):
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.bus.address,
                       "LIVEPATCHD_TEST_ROOT": str(self.directory)}
        run = subprocess.run([LPCTL, *arguments], env=environment, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def test_a_patch_that_would_be_loaded(self):
        path = self.offer_and_see(self.root, "lp_a")
        answer = self.check(self.root, "lp_a")
        self.assertTrue(answer["loads"])
        self.assertEqual((answer["error"], answer["message"], answer["remedy"]), ("", "", ""))
        self.assertEqual(answer["patch"], "lp_a")
        self.assertEqual(answer["sha256"], self.sha256(path))
        self.assertEqual(answer["checks"]["signature"]["outcome"], "passed")
        # A kernel of files has no /proc/kallsyms: that is not known, and said so.
        self.assertEqual(answer["checks"]["functions"]["outcome"], "unknown")
        self.assertIn("kallsyms", answer["checks"]["functions"]["reason"])
        self.assertEqual(self.daemon.tell("calls"), [])

    def test_a_patch_that_is_enabled(self):
        self.offer_and_see(self.root, "lp_a")
        self.root.apply("lp_a")
        self.wait_state(self.root, "lp_a", "enabled")
        self.daemon.tell("write", "proc/sys/kernel/modules_disabled", "1\n")
        answer = self.check(self.root, "lp_a")
        self.assertTrue(answer["loads"])  # as Apply: already so is success
        self.assertEqual(answer["checks"]["modules-enabled"]["outcome"], "warning")

    def test_a_patch_of_nobody(self):
        self.refused("NotFound", self.check, self.root, "lp_none")
        self.refused("InvalidArgument", self.check, self.root, "x" * 1000)

    def test_the_host_alone(self):
        self.assertTrue(self.check(self.root, "")["loads"])
        self.daemon.tell("write", "proc/sys/kernel/ftrace_enabled", "0\n")
        answer = self.check(self.root, "")
        self.assertEqual((answer["patch"], answer["error"]), ("", "LoadFailed"))
        self.assertIn("ftrace", answer["message"])
        self.assertNotIn("signature", answer["checks"])

    def test_what_an_administrator_says_comes_first(self):
        self.offer_and_see(self.root, "lp_a")
        self.root.call(ROOT, MANAGER, "Hold", "ss", "lp_a", "a freeze")
        answer = self.check(self.root, "lp_a")
        self.assertEqual(answer["error"], "Held")
        self.assertEqual(answer["checks"]["policy"]["outcome"], "failed")
        self.root.call(ROOT, MANAGER, "Unhold", "s", "lp_a")
        self.root.call(ROOT, MANAGER, "Pause", "s", "a freeze")
        self.assertEqual(self.check(self.root, "lp_a")["error"], "Paused")
        self.assertEqual(self.check(self.root, "")["error"], "Paused")

    def test_the_same_words_before_and_after_everywhere(self):
        """Foreseen: D-Bus, command line, history and journal say what the check said."""
        self.offer_and_see(self.root, "lp_a")
        self.daemon.tell("write", "proc/sys/kernel/modules_disabled", "1\n")
        answer = self.check(self.root, "lp_a")
        self.assertEqual(answer["error"], "Unsupported")
        said = f"{answer['message']}; {answer['remedy']}"
        self.assertIn(said, self.refused("Unsupported", self.root.apply, "lp_a"))
        self.assertEqual(self.daemon.tell("calls"), [])  # the kernel was left alone
        self.assertIn(said, self.lpctl(9, "apply", "lp_a"))
        self.assertIn(said, self.lpctl(0, "history", "lp_a"))
        self.wait_for(lambda: said in self.daemon.log.read_text(), "the journal to say so")
        self.assertIn(answer["message"], self.lpctl(9, "check", "lp_a"))
        # Nothing was recorded as an attempt: nobody will be blamed for it.
        self.assertNotIn("lp_a", (self.directory / "state/state.json").read_text())

    def test_what_is_found_out_about_a_load_that_failed(self):
        """The kernel's refusal, its own lines and what is found afterwards arrive everywhere."""
        self.offer_and_see(self.root, "lp_a")
        self.daemon.tell("write", "sys/kernel/tracing/enabled_functions",
                         "cmdline_proc_show (1) R I \n")
        self.daemon.tell("write", "sys/kernel/debug/kprobes/list",
                         "ffffffff8134b3a0  k  cmdline_proc_show+0x0    [FTRACE]\n")
        line = "livepatch: failed to register ftrace handler for function 'cmdline_proc_show' (-16)"
        self.daemon.tell("refuse-with", "lp_a", "LoadFailed", errno.EBUSY, "in general", line)
        answer = self.check(self.root, "lp_a")
        self.assertEqual(answer["error"], "LoadFailed")
        self.assertIn("kprobe at cmdline_proc_show+0x0", answer["message"])
        said = f"{answer['message']}; {answer['remedy']}"
        message = self.refused("LoadFailed", self.root.apply, "lp_a")
        self.assertIn(said, message)
        self.assertIn(line, message)
        printed = self.lpctl(1, "apply", "lp_a")
        self.assertIn(said, printed)
        self.assertIn(line, printed)
        events = [plain(event) for event in
                  self.root.call(ROOT, MANAGER, "GetHistory", "a{sv}", {"patch": ("s", "lp_a")})]
        self.assertIn(said, events[0]["message"])
        self.assertEqual(events[0]["kernel_log"], [line])
        self.wait_for(lambda: said in self.daemon.log.read_text(), "the journal to say so")
        # Whose probe it is is told to those who may inspect.
        nobody = self.check(self.connect_nobody(), "lp_a")
        self.assertEqual(nobody["error"], "LoadFailed")
        self.assertNotIn("+0x0", json.dumps(nobody))

    def test_a_file(self):
        path = self.module("lp_b")
        answer = self.check_file(self.connect_nobody(), self.opened(path))
        self.assertTrue(answer["loads"])
        self.assertEqual((answer["patch"], answer["sha256"]), ("lp_b", self.sha256(path)))
        self.assertIn("lp_b would be loaded", self.lpctl(0, "check", str(path)))
        said = json.loads(self.lpctl(0, "check", str(path), "--json"))
        self.assertEqual((said["schema"], said["patch"], said["loads"], said["error"]),
                         (1, "lp_b", True, None))
        self.assertIn("signature", [check["name"] for check in said["checks"]])

    def test_files_that_would_not_be_loaded(self):
        for description, error in (({"key": "none"}, "VerificationFailed"),
                                   ({"key": "unknown"}, "VerificationFailed"),
                                   ({"tampered": True}, "VerificationFailed"),
                                   ({"release": "6.1.0-1-other"}, "WrongKernel")):
            path = self.module("lp_b", **description)
            self.assertEqual(self.check_file(self.root, self.opened(path))["error"], error)
            said = json.loads(self.lpctl(6, "check", str(path), "--json"))
            self.assertEqual(said["error"]["name"], error)
            self.assertEqual(said["checks"][0]["name"], "quarantine")
        self.lpctl(3, "check", "./no-such-file.ko")
        self.lpctl(3, "check", "no_such_patch")

    def test_files_that_are_no_files(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        stream = socket.socket()
        self.addCleanup(stream.close)
        nobody = self.connect_nobody()
        for file in (reading, stream.fileno(), self.opened("/dev/zero"), self.opened("/proc"),
                     self.opened("/", os.O_PATH)):
            self.refused("InvalidArgument", self.check_file, nobody, file)
        self.refused("InvalidArgument", self.check_file, nobody,
                     self.opened(self.module("lp_b")), "x" * 256)
        # Not open for reading, empty, garbage, endless.
        path = self.write("staging/rubbish.ko", "")
        self.assertEqual(self.check_file(nobody, self.opened(path))["error"], "VerificationFailed")
        self.assertEqual(self.check_file(nobody, self.opened(path, os.O_WRONLY))["error"], "Failed")
        self.write("staging/rubbish.ko", "rubbish" * 1000)
        self.assertEqual(self.check_file(nobody, self.opened(path))["error"], "VerificationFailed")
        with path.open("wb") as file:
            file.truncate(2**40)
        self.assertEqual(self.check_file(nobody, self.opened(path))["error"], "VerificationFailed")
        self.assertTrue(self.check(self.root, "")["loads"])

    def test_a_flood_of_files_does_not_keep_an_administrator_waiting(self):
        """Four who flood with files that unpack to as much as is allowed."""
        self.offer_and_see(self.root, "lp_a")
        self.root.apply("lp_a")
        self.wait_state(self.root, "lp_a", "enabled")
        before = self.daemon.memory()
        path = self.directory / "staging/large.ko"
        with path.open("wb") as file:
            file.truncate(64 * MIB)
        subprocess.run(["gzip", "-1f", str(path)], check=True)
        large = str(path) + ".gz"
        stopping = threading.Event()
        outcomes = []

        def flood(client):
            file = os.open(large, os.O_RDONLY)
            while not stopping.is_set():
                serials = [client.send(ROOT, MANAGER, "CheckFile", "hs", file, "large")
                           for _ in range(16)]
                for serial in serials:
                    try:
                        client.wait(serial, 60)
                        outcomes.append("answered")
                    except Refused as error:
                        outcomes.append(error.name)
            os.close(file)

        threads = [threading.Thread(target=flood, args=(self.connect_nobody(),))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        self.wait_for(lambda: "answered" in outcomes, "the flood", 60)
        most = 0
        until = time.monotonic() + 3
        while time.monotonic() < until:
            most = max(most, self.daemon.memory())
            time.sleep(0.05)
        began = time.monotonic()
        self.root.revert("lp_a")
        took = time.monotonic() - began
        stopping.set()
        for thread in threads:
            thread.join()
        print(f"accepted after {took * 1000:.0f} ms, memory {(most - before) / MIB:+.1f} MiB, "
              f"{outcomes.count('answered')} answered of {len(outcomes)}")
        self.assertLess(took, SOON)
        self.assertLess(most - before, 160 * MIB)
        self.assertLessEqual(set(outcomes), {"answered", "LimitsExceeded"})
        self.wait_state(self.root, "lp_a", "absent")
