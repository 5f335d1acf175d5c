"""What livepatchd sees of systemd when it wants a command to be run: a thread that ends each unit as told."""
import threading

from jeepney import DBusAddress, MessageType, new_error, new_method_return, new_signal
from jeepney.bus_messages import message_bus

NAME = "org.freedesktop.systemd1"
PATH = "/org/freedesktop/systemd1/unit/livepatch_2dhealth_2eservice"


class Systemd:
    """Each transient unit ends with `status` at once; None = it never does."""

    def __init__(self, bus):
        self.status = 0
        self.result = "exit-code"
        self.state = "inactive"
        self.refusing = False
        self.started = []  # properties of each
        self.calls = []
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
        member = next(value for field, value in message.header.fields.items() if field.name == "member")
        self.calls.append(member)
        send = self.client.connection.send
        if member == "StartTransientUnit" and self.refusing:
            send(new_error(message, "org.freedesktop.DBus.Error.AccessDenied", "s", ("no",)))
        elif member == "StartTransientUnit" and self.state != "inactive":
            send(new_error(message, "org.freedesktop.systemd1.UnitExists", "s", ("it is there",)))
        elif member == "StartTransientUnit":
            self.started.append({name: value[1] for name, value in message.body[2]})
            send(new_method_return(message, "o", ("/org/freedesktop/systemd1/job/1",)))
            self._change("activating")
            if self.status is not None:
                self._change("active" if self.status == 0 else "failed")
        elif member == "GetAll":
            known = {"Result": ("s", self.result), "ExecMainStatus": ("i", self.status)}
            send(new_method_return(message, "a{sv}", (known,)))
        elif member == "StopUnit" and self.state == "inactive":
            send(new_error(message, "org.freedesktop.systemd1.NoSuchUnit", "s", ("not loaded",)))
        elif member == "StopUnit":
            self._change(self.state)  # as systemd does before it answers
            send(new_method_return(message, "o", ("/org/freedesktop/systemd1/job/2",)))
            self._change("deactivating")
            self._change("inactive")
        elif member == "ResetFailedUnit" and self.state == "failed":
            send(new_method_return(message))
            self._change("inactive")
        else:
            send(new_method_return(message))

    def _change(self, state):
        self.state = state
        address = DBusAddress(PATH, interface="org.freedesktop.DBus.Properties")
        changed = ("org.freedesktop.systemd1.Unit", {"ActiveState": ("s", state)}, [])
        self.client.connection.send(new_signal(address, "PropertiesChanged", "sa{sv}as", changed))
