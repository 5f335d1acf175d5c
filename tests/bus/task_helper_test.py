"""The daemon and whoever answers in the place of livepatch-tasks."""
import signal
import socket
import struct
import threading
import time

from harness.case import MANUAL, BusCase

OWN = {"pid": 50, "kthread": True, "comm": "seen by itself"}


def text(value):
    return struct.pack("<H", len(value)) + value


def answer(*tasks, unreadable=0, omitted=0):
    """As daemon/tasks/wire.hpp says: (tid, comm, stack) each."""
    parts = [b"lptasks1T", struct.pack("<III", unreadable, omitted, len(tasks))]
    for tid, comm, stack in tasks:
        parts.append(struct.pack("<IIIcB", tid, tid, 1000, b"S", 0))
        parts += [text(comm), text(b"a.service"), text(b""), text(b"waits_here")]
        parts.append(struct.pack("B", len(stack)))
        parts += [text(frame) for frame in stack]
    return b"".join(parts)


class TaskHelper(BusCase):
    configuration = MANUAL

    def setUp(self):
        super().setUp()
        self.asked = []

    def serve(self, act):
        """Calls act(connection) for each question, until the end of the case."""
        path = self.directory / "tasks.socket"
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
        listening.listen(4)

        def run():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    self.asked.append(connection.recv(100))
                    try:
                        act(connection)
                    except OSError:
                        pass  # it has hung up

        thread = threading.Thread(target=run)
        thread.start()

        def end():
            listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            thread.join()

        self.addCleanup(end)

    def stall(self):
        root = self.start()
        self.offer_and_see(root, "lp_a", functions=["patched_wait"])
        self.daemon.tell("task", OWN)
        self.daemon.tell("stall", "lp_a")
        root.apply("lp_a")
        return root

    def test_what_it_answers_is_shown(self):
        self.serve(lambda connection: connection.sendall(
            answer((7, b"odd\n", [b"patched_wait+0x1/0x2", b"f+0x3/0x4"]), omitted=2)))
        root = self.stall()
        found = root.blockers()
        self.assertEqual([entry["tid"] for entry in found], [7])
        self.assertEqual(found[0]["comm"], "odd\\x0a")
        self.assertEqual(found[0]["function"], "patched_wait")
        self.assertEqual(found[0]["wchan"], "waits_here")
        self.assertEqual(found[0]["stack"], ["patched_wait+0x1/0x2", "f+0x3/0x4"])
        self.wait_for(lambda: root.patch("lp_a")["TasksRemaining"] == 3, "all of them to count")
        self.assertEqual(set(self.asked), {b"target 1\n"})

    def test_an_answer_that_is_none_is_not_believed(self):
        self.serve(lambda connection: connection.sendall(b"lptasks1T" + b"\xff" * 1000))
        self.assertEqual([entry["tid"] for entry in self.stall().blockers()], [50])
        self.assertIn("not a list of tasks", self.daemon.log.read_text())

    def test_without_it_the_daemon_looks_by_itself(self):
        self.assertEqual([entry["tid"] for entry in self.stall().blockers()], [50])
        self.assertIn("livepatch-tasks: cannot connect", self.daemon.log.read_text())

    def test_one_that_says_nothing_stops_nothing(self):
        over = threading.Event()
        self.serve(lambda connection: over.wait(20))
        self.addCleanup(over.set)
        root = self.stall()
        self.assertEqual([entry["tid"] for entry in root.blockers()], [50])
        began = time.monotonic()
        root.revert("lp_a")
        self.assertLess(time.monotonic() - began, 5)
        self.wait_state(root, "lp_a", "disabling")
        self.daemon.signal(signal.SIGTERM)
        self.assertEqual(self.daemon.wait(), 0)
