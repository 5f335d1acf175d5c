"""A hundred callers at once, four of whom flood, and an admin who wants something."""
import contextlib
import threading
import time

from jeepney import DBusAddress, new_method_call

from .bus import MANAGER, NAME, OBJECT_MANAGER, PATCH, PROPERTIES, ROOT, patch_path


class Flood:
    """A caller in a thread of its own who calls 4,000 times a second and never reads."""

    def __init__(self, client, messages):
        self.client = client
        self.messages = messages
        self.sent = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        self.client.connection.sock.settimeout(0.2)
        with contextlib.suppress(OSError):  # he who never reads is not served for ever
            while not self.stopping.is_set():
                for message in self.messages:
                    with contextlib.suppress(TimeoutError):
                        self.client.connection.send(message, serial=next(self.client.serials))
                        self.sent += 1
                time.sleep(len(self.messages) / 4000)  # what is tested is not how fast the bus is

    def stop(self):
        self.stopping.set()
        self.thread.join()


def call(path, interface, method, signature="", *body):
    return new_method_call(DBusAddress(path, NAME, interface), method, signature, body)


def revert_in_a_flood(case, admin):
    """lp_a, lp_b and lp_c are offered, lp_a is enabled: the admin reverts all three while the others call. How long each
    took until it was accepted, in ms; how many calls the floods were; and the others."""
    crowd = [case.connect_nobody() for _ in range(96)]
    messages = [
        call(ROOT, OBJECT_MANAGER, "GetManagedObjects"),
        call(patch_path("lp_a"), PROPERTIES, "GetAll", "s", PATCH),
        call(ROOT, MANAGER, "Refresh", "a{sv}", {}),
        call(ROOT, MANAGER, "RevertAll", "a{sv}", {"interactive": ("b", True)}),
        call(ROOT, MANAGER, "ListBlockers")]
    floods = [Flood(case.connect_nobody(), messages) for _ in range(4)]
    took = []
    for name in ("lp_b", "lp_c"):
        admin.apply(name)
        case.wait_state(admin, name, "enabled")
    for name in ("lp_c", "lp_b", "lp_a"):
        for client in crowd:
            client.send(ROOT, OBJECT_MANAGER, "GetManagedObjects")
        time.sleep(0.5)
        began = time.monotonic()
        admin.revert(name)
        took.append((time.monotonic() - began) * 1000)
    for flood in floods:
        flood.stop()
    return took, sum(flood.sent for flood in floods), crowd
