"""What the kernel complains of while a patch is on probation, and while nobody listens."""
import fcntl
import os

from harness.bus import MANAGER, ROOT
from harness.case import BusCase


def warning_in(module, function):
    where = f"{function}+0x9/0x20 [{module}]"
    return ["------------[ cut here ]------------", f"WARNING: CPU: 1 PID: 412 at lp.c:12 {where}",
            f"RIP: 0010:{where}", "Call Trace:", " <TASK>", " seq_read_iter+0x1f4/0x4c0", " </TASK>",
            "---[ end trace 0000000000000000 ]---"]


class Probation(BusCase):
    def setUp(self):
        super().setUp()
        self.sequence = 100_000  # later than all that the emulated kernel says

    def listen_beside(self):
        """What is in the pipe outlives the daemon, as the kernel's log does."""
        log = os.open(self.directory / "dev/kmsg", os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(log, fcntl.F_SETFL, os.O_NONBLOCK | os.O_DIRECT)  # one write is one read
        self.addCleanup(os.close, log)
        return log

    def say(self, log, lines, facility=0):
        for line in lines:
            os.write(log, f"{facility * 8 + 4},{self.sequence},1,-;{line}\n".encode())
            self.sequence += 1

    def mark(self):
        """The record that the next daemon begins with."""
        return int((self.directory / "run/kernel-log").read_text().split()[1])

    def enabled(self):
        client = self.start()
        log = self.listen_beside()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        return client, log

    def test_a_warning_takes_the_patch_out(self):
        client, log = self.enabled()
        self.say(log, warning_in("lp_a", "lp_a_show"))
        self.wait_state(client, "lp_a", "absent")
        patch = client.patch("lp_a")
        self.assertEqual(patch["Disposition"], "quarantined")
        self.assertIn("lp_a:lp_a_show", patch["Reason"])

    def test_what_was_printed_while_none_ran_is_read_by_the_next(self):
        client, log = self.enabled()
        for end in ("kill", "stop"):
            self.say(log, ["hello"])
            self.wait_for(lambda: self.mark() == self.sequence, "the line to be read")
            getattr(self.daemon, end)()
            self.say(log, warning_in("lp_a", "lp_a_show"))
            client = self.start()
            self.wait_state(client, "lp_a", "absent")
            self.assertEqual(client.patch("lp_a")["Disposition"], "quarantined")
            client.call(ROOT, MANAGER, "Unhold", "s", "lp_a")
            self.wait_state(client, "lp_a", "enabled")

    def test_what_was_read_or_printed_before_the_load_is_not_held_against_it(self):
        client, log = self.enabled()
        self.say(log, ["hello"])
        self.wait_for(lambda: self.mark() == self.sequence, "the line to be read")
        self.daemon.kill()
        read = self.sequence
        self.sequence = 90_000
        self.say(log, warning_in("lp_a", "lp_a_show"))  # the daemon before was through with that
        self.sequence = read
        self.say(log, warning_in("lp_a", "lp_a_show"))
        self.say(log, ["livepatch: enabling patch 'lp_a'"])
        client = self.start()
        self.wait_for(lambda: self.mark() == self.sequence, "all to be read")
        patch = client.patch("lp_a")
        self.assertEqual((patch["State"], patch["Probation"]), ("enabled", "running"))

    def test_what_a_program_writes_is_no_word_of_the_kernel(self):
        client, log = self.enabled()
        self.say(log, warning_in("lp_a", "lp_a_show"), facility=1)
        self.wait_for(lambda: self.mark() == self.sequence, "all to be read")
        self.assertEqual(client.patch("lp_a")["State"], "enabled")
