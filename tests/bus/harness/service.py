"""A service on the test's bus that is not livepatchd: a thread that takes the calls as they come."""
import threading

from jeepney import MessageType
from jeepney.bus_messages import message_bus


class Service:
    """Under `name` on the bus; the heir has take(message)."""

    def __init__(self, bus, name):
        self.client = bus.connect()
        serial = next(self.client.serials)
        self.client.connection.send(message_bus.RequestName(name), serial=serial)
        self.client.wait(serial)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def stop(self):
        self.stopping.set()
        self.thread.join()
        self.client.close()

    def _serve(self):
        while not self.stopping.is_set():
            try:
                message = self.client.connection.receive(timeout=0.1)
            except TimeoutError:
                continue
            except OSError:  # the bus is gone
                return
            if message.header.message_type == MessageType.method_call:
                self.take(message)
