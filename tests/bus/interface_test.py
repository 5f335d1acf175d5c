"""What is on the bus is what dbus/interfaces says, with values of those types."""
import pathlib
import time
import xml.etree.ElementTree as ElementTree

from harness.bus import MANAGER, OBJECT_MANAGER, PATCH, PROPERTIES, ROOT, patch_path
from harness.case import MANUAL, RELEASE, BusCase

XML = pathlib.Path(__file__).parents[2] / "dbus/interfaces"
EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"

MANAGER_PROPERTIES = {
    "Version": "s", "KernelRelease": "s", "KernelBuildId": "s", "Mode": "s", "Health": "s",
    "HealthReasons": "as", "Stage": "s", "LastRefresh": "t", "MetadataExpires": "t",
    "RebootNeeded": "b", "RebootReasons": "as"}

PATCH_PROPERTIES = {
    "Name": "s", "Id": "s", "Version": "s", "State": "s", "Disposition": "s", "Flags": "as",
    "Reason": "s", "Severity": "s", "Cves": "as", "Functions": "a(ssb)", "Replace": "s",
    "Sha256": "s", "Signer": "s", "Source": "s", "Candidates": "a(sssb)", "LoadedAt": "t",
    "TransitionStarted": "t", "TasksRemaining": "u", "Probation": "s"}


def described(interface):
    """An interface of an introspection as something to compare."""
    def arguments(node, direction):
        return [(arg.get("name"), arg.get("type")) for arg in node.findall("arg")
                if arg.get("direction", direction) == direction]

    def emits(node):
        return {note.get("name"): note.get("value")
                for note in node.findall("annotation")}.get(EMITS, "true")

    return {
        "methods": {method.get("name"): (arguments(method, "in"), arguments(method, "out"))
                    for method in interface.findall("method")},
        "properties": {entry.get("name"): (entry.get("type"), entry.get("access"), emits(entry))
                       for entry in interface.findall("property")},
        "signals": {signal.get("name"): arguments(signal, "out")
                    for signal in interface.findall("signal")},
    }


class Interface(BusCase):
    configuration = MANUAL

    def introspected(self, client, path, name):
        text = client.call(path, "org.freedesktop.DBus.Introspectable", "Introspect")
        return ElementTree.fromstring(text).find(f"interface[@name='{name}']")

    def compare(self, client, path, name):
        written = ElementTree.parse(XML / f"{name}.xml").getroot().find("interface")
        self.assertEqual(described(self.introspected(client, path, name)), described(written))

    def test_manager_introspects_as_described(self):
        self.compare(self.start(), ROOT, MANAGER)

    def test_patch_introspects_as_described(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.compare(client, patch_path("lp_a"), PATCH)

    def test_methods_are_marked_as_asynchronous_in_the_description(self):
        # The generated code then gives a handler its reply to keep: none may block the loop.
        methods = ElementTree.parse(XML / f"{MANAGER}.xml").getroot().findall("interface/method")
        for method in methods:
            notes = {note.get("name") for note in method.findall("annotation")}
            self.assertIn("org.freedesktop.DBus.Method.Async", notes, method.get("name"))

    def test_manager_properties(self):
        before = int(time.time() * 1e6)
        client = self.start()
        values = client.call(ROOT, PROPERTIES, "GetAll", "s", MANAGER)
        self.assertEqual({name: kind for name, (kind, _) in values.items()}, MANAGER_PROPERTIES)
        plain = client.get_all(ROOT, MANAGER)
        refreshed = plain.pop("LastRefresh")
        self.assertGreaterEqual(refreshed, before)
        self.assertLessEqual(refreshed, time.time() * 1e6)
        self.assertRegex(plain.pop("Version"), r"^\d+\.\d+\.\d+$")
        self.assertEqual(plain, {
            "KernelRelease": RELEASE, "KernelBuildId": "00112233445566778899aabbccddeeff00112233",
            "Mode": "manual", "Health": "ok", "HealthReasons": [], "Stage": "idle",
            "MetadataExpires": 0, "RebootNeeded": False, "RebootReasons": []})

    def test_each_manager_property_by_itself(self):
        client = self.start()
        for name, kind in MANAGER_PROPERTIES.items():
            signature, _ = client.call(ROOT, PROPERTIES, "Get", "ss", MANAGER, name)
            self.assertEqual(signature, kind, name)

    def test_patch_properties_of_a_candidate(self):
        client = self.start()
        path = self.offer_and_see(client, "lp_a", version="2.1", functions=["f", "g"])
        values = client.call(patch_path("lp_a"), PROPERTIES, "GetAll", "s", PATCH)
        self.assertEqual({name: kind for name, (kind, _) in values.items()}, PATCH_PROPERTIES)
        sha256 = self.sha256(path)
        patch = client.patch("lp_a")
        self.assertRegex(patch.pop("Signer"), r"^fixed \(sha256:[0-9a-f]{64}\)$")
        self.assertEqual(patch, {
            "Name": "lp_a", "Id": "lp_a", "Version": "2.1", "State": "absent",
            "Disposition": "available", "Flags": ["release-only"], "Reason": "", "Severity": "",
            "Cves": [], "Functions": [("vmlinux", "f", False), ("vmlinux", "g", False)],
            "Replace": "no", "Sha256": sha256, "Source": "files",
            "Candidates": [("files", "lp_a", sha256, True)], "LoadedAt": 0,
            "TransitionStarted": 0, "TasksRemaining": 0, "Probation": "none"})

    def test_patch_properties_in_transition(self):
        client = self.start()
        before = time.time() * 1e6
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("stall", "lp_a")
        for pid in (100, 200):
            self.daemon.tell("task", {"pid": pid})
        client.apply("lp_a")
        self.wait_for(lambda: client.patch("lp_a")["TasksRemaining"] == 2, "the tasks")
        patch = client.patch("lp_a")
        self.assertEqual(
            (patch["State"], patch["Disposition"]), ("enabling", "managed"))
        self.assertGreaterEqual(patch["TransitionStarted"], before)
        self.assertLessEqual(patch["TransitionStarted"], time.time() * 1e6)
        self.assertGreater(patch["LoadedAt"], before - 1e6)
        self.assertEqual(client.manager_property("Stage"), "transitioning")
        self.assertEqual(client.manager_property("Health"), "pending")

    def test_patch_properties_of_a_loaded_patch(self):
        client = self.start()
        path = self.offer_and_see(client, "lp_a", replace=True)
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        patch = client.patch("lp_a")
        self.assertGreater(patch.pop("LoadedAt"), 0)
        sha256 = self.sha256(path)
        self.assertTrue(patch.pop("Signer").startswith("fixed "))
        patch.pop("Version")  # the kernel's word, and this one has none
        self.assertEqual(patch, {
            "Name": "lp_a", "Id": "lp_a", "State": "enabled",
            "Disposition": "managed", "Flags": ["release-only"], "Reason": "", "Severity": "",
            "Cves": [], "Functions": [("vmlinux", "cmdline_proc_show", True)], "Replace": "yes",
            "Sha256": sha256, "Source": "files",
            "Candidates": [("files", "lp_a", sha256, True)],
            "TransitionStarted": 0, "TasksRemaining": 0, "Probation": "running"})

    def test_properties_cannot_be_set(self):
        client = self.start()
        self.refused("org.freedesktop.DBus.Error.PropertyReadOnly", client.call, ROOT, PROPERTIES,
                     "Set", "ssv", MANAGER, "Mode", ("s", "automatic"))
        self.assertEqual(client.manager_property("Mode"), "manual")

    def test_strange_calls(self):
        client = self.start()
        error = "org.freedesktop.DBus.Error."
        self.refused(error + "UnknownMethod", client.call, ROOT, MANAGER, "Explode")
        self.refused(error + "UnknownObject", client.patch, "nothing")
        self.refused(error + "UnknownProperty", client.get, ROOT, MANAGER, "Nothing")
        self.refused(error + "UnknownInterface", client.get_all, ROOT, PATCH)
        self.refused(error + "InvalidArgs", client.call, ROOT, MANAGER, "Apply", "s", "lp_a")
        self.refused(error + "InvalidArgs", client.call, ROOT, MANAGER, "Apply", "ss", "lp_a", "x")
        self.assertIsNone(client.call(ROOT, "org.freedesktop.DBus.Peer", "Ping"))

    def test_object_manager(self):
        client = self.start()
        self.assertEqual(client.objects(), {})
        self.offer_and_see(client, "lp_b")
        self.offer_and_see(client, "lp_a")
        self.assertEqual(
            client.objects(),
            {patch_path(name): {
                PATCH: client.patch(name),
                "org.freedesktop.DBus.Introspectable": {}, "org.freedesktop.DBus.Peer": {},
                PROPERTIES: {}} for name in ("lp_a", "lp_b")})

    def test_paths_of_strange_names(self):
        client = self.start()
        for name in ("1st-patch.with~all", "_", "\N{LATIN SMALL LETTER E WITH ACUTE}"):
            self.daemon.tell("foreign-load", name)
            # By looking: the emulated kernel's log does not escape names as the real one's does.
            self.wait_for(lambda: client.manager_property("Health") and
                          patch_path(name) in client.objects(), name)
            self.wait_state(client, name, "enabled")
            self.assertEqual(client.patch(name)["Name"], name)
        self.assertEqual(len(client.objects()), 3)

    def test_only_root_may_own_the_name(self):
        self.start()
        nobody = self.connect_nobody()
        self.refused("org.freedesktop.DBus.Error.AccessDenied", nobody.call,
                     "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName", "su",
                     "org.livepatchd1", 2, name="org.freedesktop.DBus")

    def test_anybody_may_read(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        nobody = self.connect_nobody()
        self.assertEqual(nobody.get_all(ROOT, MANAGER), client.get_all(ROOT, MANAGER))
        self.assertEqual(nobody.objects(), client.objects())
        self.assertEqual(nobody.call(ROOT, OBJECT_MANAGER, "GetManagedObjects").keys(),
                         client.objects().keys())
        self.assertEqual(nobody.blockers(), [])
