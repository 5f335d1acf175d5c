"""What livepatchd sees of polkit: a thread that answers as told and remembers what it was asked."""
import threading
import time

from jeepney import HeaderFields, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus

NAME = "org.freedesktop.PolicyKit1"


class Polkit:
    """Allows the actions of `allowed`, and all to those connections of which the names are in
    `admins`; with `hold`, answers nothing before `release`."""

    def __init__(self, bus):
        self.allowed = set()
        self.admins = set()
        self.failing = False
        self.asked = []  # (name of the caller, action, flags)
        self.held = []
        self.holding = False
        self.lock = threading.Lock()
        self.client = bus.connect()
        serial = next(self.client.serials)
        self.client.connection.send(message_bus.RequestName(NAME), serial=serial)
        self.client.wait(serial)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def stop(self):
        self.stopping.set()
        self.thread.join()
        self.client.close()

    def hold(self):
        with self.lock:
            self.holding = True

    def release(self):
        with self.lock:
            self.holding = False
            for message in self.held:
                self._answer(message)
            self.held.clear()

    def _serve(self):
        while not self.stopping.is_set():
            try:
                message = self.client.connection.receive(timeout=0.1)
            except TimeoutError:
                continue
            except OSError:  # the bus is gone
                return
            if message.header.message_type == MessageType.method_call:
                self._take(message)

    def _take(self, message):
        subject, action, _, flags, _ = message.body
        with self.lock:
            self.asked.append((subject[1]["name"][1], action, flags))
            if self.holding:
                self.held.append(message)
            else:
                self._answer(message)

    def _answer(self, message):
        if self.failing:
            answer = new_error(message, "org.freedesktop.PolicyKit1.Error.Failed", "s", ("broken",))
        else:
            subject, action = message.body[:2]
            is_admin = subject[1]["name"][1] in self.admins
            verdict = (is_admin or action in self.allowed, False, {})
            answer = new_method_return(message, "(bba{ss})", (verdict,))
        self.client.connection.send(answer)

    def wait_asked(self, count, timeout=15):
        deadline = time.monotonic() + timeout
        while len(self.asked) < count:
            assert time.monotonic() < deadline, f"polkit was asked {len(self.asked)} times only"
            time.sleep(0.01)
