"""What livepatchd sees of systemd when it wants a command to be run: a thread that ends each unit as told."""
from jeepney import DBusAddress, new_error, new_method_return, new_signal

from .service import Service

NAME = "org.freedesktop.systemd1"
PATH = "/org/freedesktop/systemd1/unit/livepatch_2dhealth_2eservice"


class Systemd(Service):
    """Each transient unit ends with `status` at once; None = it never does."""

    def __init__(self, bus):
        self.status = 0
        self.result = "exit-code"
        self.state = "inactive"
        self.refusing = False
        self.started = []  # properties of each
        self.calls = []
        super().__init__(bus, NAME)

    def take(self, message):
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
