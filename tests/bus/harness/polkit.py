"""What livepatchd sees of polkit: a thread that answers as told and remembers what it was asked."""
import threading
import time

from jeepney import HeaderFields, new_error, new_method_return

from .service import Service

NAME = "org.freedesktop.PolicyKit1"


class Polkit(Service):
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
        super().__init__(bus, NAME)

    def hold(self):
        with self.lock:
            self.holding = True

    def release(self):
        with self.lock:
            self.holding = False
            for message in self.held:
                self._answer(message)
            self.held.clear()

    def take(self, message):
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
