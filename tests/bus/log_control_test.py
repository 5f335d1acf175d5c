"""org.freedesktop.LogControl1: `systemctl service-log-level livepatchd debug`."""
import pathlib
import xml.etree.ElementTree as ElementTree

from harness.bus import PROPERTIES
from harness.case import BusCase
from interface_test import described

PATH = "/org/freedesktop/LogControl1"
INTERFACE = "org.freedesktop.LogControl1"
XML = pathlib.Path(__file__).parents[2] / f"dbus/interfaces/{INTERFACE}.xml"


class LogControl(BusCase):
    def set(self, client, name, value):
        client.call(PATH, PROPERTIES, "Set", "ssv", INTERFACE, name, ("s", value))

    def said(self):
        return self.daemon.log.read_text()

    def test_it_introspects_as_systemd_describes_it(self):
        client = self.start()
        text = client.call(PATH, "org.freedesktop.DBus.Introspectable", "Introspect")
        shown = ElementTree.fromstring(text).find(f"interface[@name='{INTERFACE}']")
        written = ElementTree.parse(XML).getroot().find("interface")
        self.assertEqual(described(shown), described(written))

    def test_anybody_may_read_it(self):
        self.start()
        self.assertEqual(self.connect_nobody().get_all(PATH, INTERFACE), {
            "LogLevel": "info", "LogTarget": "console", "SyslogIdentifier": "livepatchd"})

    def test_each_level_can_be_set(self):
        client = self.start()
        for level in ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"):
            self.set(client, "LogLevel", level)
            self.assertEqual(client.get(PATH, INTERFACE, "LogLevel"), level)

    def test_the_level_decides_what_is_said(self):
        client = self.start()
        self.set(client, "LogLevel", "debug")
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.wait_for(lambda: "a source has changed" in self.said(), "more words")
        for level, heard in (("err", False), ("notice", True)):
            self.set(client, "LogLevel", level)
            before = len(self.said())
            client.revert("lp_a")
            self.wait_state(client, "lp_a", "absent")
            client.apply("lp_a")
            self.wait_state(client, "lp_a", "enabled")
            self.assertEqual("lp_a" in self.said()[before:], heard, level)

    def test_what_makes_no_sense_changes_nothing(self):
        client = self.start()
        for name, value in (("LogLevel", "loud"), ("LogLevel", ""), ("LogTarget", "printer")):
            self.refused("org.freedesktop.DBus.Error.InvalidArgs", self.set, client, name, value)
        self.refused("org.freedesktop.DBus.Error.PropertyReadOnly", self.set, client,
                     "SyslogIdentifier", "x")
        self.assertEqual(client.get(PATH, INTERFACE, "LogLevel"), "info")
        self.set(client, "LogTarget", "console")

    def test_only_root_may_set_it(self):
        client = self.start()
        nobody = self.connect_nobody()
        for name, value in (("LogLevel", "debug"), ("LogTarget", "journal")):
            self.refused("org.freedesktop.DBus.Error.AccessDenied", self.set, nobody, name, value)
        self.assertEqual(client.get(PATH, INTERFACE, "LogLevel"), "info")
