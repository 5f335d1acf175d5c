"""A private system bus, and the callers on it."""
import contextlib
import itertools
import os
import pathlib
import subprocess
import time

from jeepney import DBusAddress, HeaderFields, MessageFlag, MessageType, new_method_call
from jeepney.bus_messages import MatchRule, message_bus
from jeepney.io.blocking import DBusConnection, prep_socket

NAME = "org.livepatchd1"
ROOT = "/org/livepatchd1"
MANAGER = "org.livepatchd1.Manager"
PATCH = "org.livepatchd1.Patch"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"

NOBODY = 65534
SOON = 5  # seconds: what takes milliseconds without sanitizers and neighbours
PATIENCE = 45  # seconds: a loaded machine and sanitizers are slow, and a disk that others write to even slower

POLICY = pathlib.Path(__file__).parents[3] / "dbus/policy/org.livepatchd1.conf"

# As a host's /usr/share/dbus-1/system.conf, without what a test has no use for: nobody may own a
# name or call anything unless a package's file says so.
CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={directory}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <policy user="root">
    <allow own="org.freedesktop.PolicyKit1"/>
    <allow send_destination="org.freedesktop.PolicyKit1"/>
    <allow own="org.freedesktop.systemd1"/>
    <allow send_destination="org.freedesktop.systemd1"/>
  </policy>
  <include>{policy}</include>
</busconfig>
"""


class Refused(Exception):
    """An error reply: name without the prefix of livepatchd's own, and message."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name = name.removeprefix("org.livepatchd1.Error.")
        self.message = message


class Bus:
    def __init__(self, directory):
        self.directory = directory
        self.socket = str(directory / "bus")
        self.process = None
        (directory / "bus.conf").write_text(
            CONFIGURATION.format(directory=directory, policy=POLICY))

    @property
    def address(self):
        return f"unix:path={self.socket}"

    def start(self):
        self.process = subprocess.Popen(
            ["dbus-daemon", f"--config-file={self.directory}/bus.conf", "--nofork", "--nopidfile",
             "--nosyslog", "--print-address"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process.stdout.readline()  # it listens

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None
        pathlib.Path(self.socket).unlink(missing_ok=True)

    def connect(self, uid=0):
        return Client(self, uid)


@contextlib.contextmanager
def acting_as(uid):
    """The bus asks the kernel who opened the connection."""
    os.setresuid(uid, uid, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


class Client:
    """One connection. Everything waits no longer than PATIENCE."""

    def __init__(self, bus, uid):
        with acting_as(uid):
            self.connection = DBusConnection(
                prep_socket(bus.socket, enable_fds=True, timeout=PATIENCE), enable_fds=True)
        self.serials = itertools.count(1000)
        self.replies = {}
        self.signals = []

    @property
    def name(self):
        return self.connection.unique_name

    def close(self):
        self.connection.close()

    # Calls

    def send(self, path, interface, method, signature="", *body, name=NAME, no_reply=False,
             flags=MessageFlag(0)):
        """Sends a call and does not wait; returns its serial."""
        message = new_method_call(DBusAddress(path, name, interface), method, signature, body)
        message.header.flags |= flags
        if no_reply:
            message.header.flags |= MessageFlag.no_reply_expected
        serial = next(self.serials)
        self.connection.send(message, serial=serial)
        return serial

    def receive(self, deadline):
        message = self.connection.receive(timeout=max(0, deadline - time.monotonic()))
        kind = message.header.message_type
        if kind == MessageType.signal:
            self.signals.append(Signal(message))
        elif kind != MessageType.method_call:
            self.replies[message.header.fields[HeaderFields.reply_serial]] = message

    def wait(self, serial, timeout=PATIENCE):
        """The body of the reply; Refused when it is an error, TimeoutError when there is none."""
        deadline = time.monotonic() + timeout
        while serial not in self.replies:
            self.receive(deadline)
        reply = self.replies.pop(serial)
        if reply.header.message_type == MessageType.error:
            raise Refused(reply.header.fields[HeaderFields.error_name], (reply.body or [""])[0])
        return reply.body

    def call(self, path, interface, method, signature="", *body, name=NAME, timeout=PATIENCE):
        body = self.wait(self.send(path, interface, method, signature, *body, name=name), timeout)
        return body[0] if len(body) == 1 else body or None

    def owner_of(self, name):
        return self.call("/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner", "s", name,
                         name="org.freedesktop.DBus")

    # Signals

    def subscribe(self, **rule):
        rule = MatchRule(type="signal", **rule)
        message = message_bus.AddMatch(rule)
        serial = next(self.serials)
        self.connection.send(message, serial=serial)
        self.wait(serial)

    def collect(self, seconds=0):
        """Takes in what has come, or comes within that time."""
        deadline = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            while True:
                self.receive(deadline)

    def wait_signal(self, accept, timeout=PATIENCE):
        """The first signal not yet taken that `accept`s; it and those before it are taken."""
        deadline = time.monotonic() + timeout
        position = 0
        while True:
            while position < len(self.signals):
                signal = self.signals[position]
                position += 1
                if accept(signal):
                    del self.signals[:position]
                    return signal
            self.receive(deadline)

    # livepatchd

    def manager(self, method, *arguments, **options):
        return self.wait(self.send_manager(method, *arguments, **options))

    def send_manager(self, method, *arguments, **options):
        """A call of the manager: PATCH where the method has one, options as keywords."""
        values = {key: variant(value) for key, value in options.items()}
        return self.send(ROOT, MANAGER, method, "s" * len(arguments) + "a{sv}", *arguments, values)

    def apply(self, patch, **options):
        return self.manager("Apply", patch, **options)[0]

    def revert(self, patch, **options):
        self.manager("Revert", patch, **options)

    def blockers(self):
        return [plain(entry) for entry in self.call(ROOT, MANAGER, "ListBlockers")]

    def get(self, path, interface, name):
        return self.call(path, PROPERTIES, "Get", "ss", interface, name)[1]

    def get_all(self, path, interface):
        return plain(self.call(path, PROPERTIES, "GetAll", "s", interface))

    def manager_property(self, name):
        return self.get(ROOT, MANAGER, name)

    def patch(self, name):
        """All properties of a patch; Refused (UnknownObject) when there is none."""
        return self.get_all(patch_path(name), PATCH)

    def objects(self):
        """Properties by object path and interface."""
        found = self.call(ROOT, OBJECT_MANAGER, "GetManagedObjects")
        return {path: {name: plain(values) for name, values in interfaces.items()}
                for path, interfaces in found.items()}


class Signal:
    def __init__(self, message):
        fields = message.header.fields
        self.path = fields[HeaderFields.path]
        self.interface = fields[HeaderFields.interface]
        self.name = fields[HeaderFields.member]
        self.signature = fields.get(HeaderFields.signature, "")
        self.body = message.body
        self.time = time.monotonic()

    def __repr__(self):
        return f"{self.path} {self.interface}.{self.name} {self.body}"

    def changed(self, interface=PATCH):
        """The properties in a PropertiesChanged of that interface, else nothing."""
        if self.name != "PropertiesChanged" or self.body[0] != interface:
            return {}
        return plain(self.body[1])


def variant(value):
    """What a caller would take for it; a pair is signature and value."""
    if isinstance(value, tuple):
        return value
    return {bool: "b", str: "s", int: "t"}[type(value)], value


def plain(dictionary):
    """An a{sv} without its signatures."""
    return {key: value for key, (_, value) in dictionary.items()}


def patch_path(name):
    """As sd_bus_path_encode(3)."""
    encoded = "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 and (i > 0 or not chr(byte).isdigit())
        else f"_{byte:02x}" for i, byte in enumerate(name.encode()))
    return f"{ROOT}/patch/{encoded or '_'}"
