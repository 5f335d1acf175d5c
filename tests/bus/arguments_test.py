"""Options and names as no sensible program sends them."""
from harness.bus import MANAGER, ROOT
from harness.case import MANUAL, BusCase

OPTIONS = {
    "Refresh": {"interactive", "reason"},
    "Apply": {"interactive", "reason", "dry_run", "replace_unmanaged"},
    "ApplyAll": {"interactive", "reason", "dry_run", "replace_unmanaged"},
    "Revert": {"interactive", "reason", "dry_run"},
    "RevertAll": {"interactive", "reason", "dry_run"},
}
TYPES = {"interactive": "b", "reason": "s", "dry_run": "b", "replace_unmanaged": "b"}

# Values of every shape, none of which an option has.
STRANGE = [
    ("i", 1), ("t", 1), ("d", 1.5), ("y", 7), ("o", "/"), ("g", "s"), ("as", []), ("as", ["x"]),
    ("a{sv}", {}), ("a{sv}", {"x": ("v", ("v", ("s", "deep")))}), ("(sb)", ("x", True)),
    ("aay", [b"x"]), ("v", ("b", True)),
]


class Arguments(BusCase):
    configuration = MANUAL

    def setUp(self):
        super().setUp()
        self.client = self.start()

    def call(self, method, **options):
        patch = ("lp_x",) if method in ("Apply", "Revert") else ()
        return self.client.manager(method, *patch, **options)

    def test_an_unknown_option(self):
        for method, known in OPTIONS.items():
            for option in {"colour", *TYPES} - known:
                message = self.refused("InvalidArgument", self.call, method, **{option: True})
                self.assertIn(option, message)

    def test_an_option_of_another_type(self):
        for method, known in OPTIONS.items():
            for option in known:
                wrong = ("s", "true") if TYPES[option] == "b" else ("b", True)
                message = self.refused("InvalidArgument", self.call, method, **{option: wrong})
                self.assertIn(option, message)

    def test_values_of_any_shape(self):
        for value in STRANGE:
            self.refused("InvalidArgument", self.call, "Apply", reason=value)
            self.refused("InvalidArgument", self.call, "Apply", dry_run=value)
            self.refused("InvalidArgument", self.call, "Apply", nonsense=value)
        self.assertEqual(self.client.manager_property("Mode"), "manual")

    def test_every_option_is_taken(self):
        for method, known in OPTIONS.items():
            options = {option: "why" if option == "reason" else False for option in known}
            if method in ("Apply", "Revert"):
                self.refused("NotFound", self.call, method, **options)
            else:
                self.call(method, **options)

    def test_the_length_of_a_reason(self):
        self.refused("NotFound", self.call, "Apply", reason="x" * 1024)
        self.refused("InvalidArgument", self.call, "Apply", reason="x" * 1025)
        self.refused("InvalidArgument", self.call, "Apply", reason="x" * 1_000_000)

    def test_the_length_of_a_name(self):
        self.refused("InvalidArgument", self.client.apply, "")
        self.refused("InvalidArgument", self.client.revert, "")
        self.refused("NotFound", self.client.apply, "x" * 256)
        self.refused("InvalidArgument", self.client.apply, "x" * 257)

    def test_names_that_are_no_module(self):
        for name in ("../../etc/passwd", "/dev/null", "lp\n\x1b[31m", "a b", "\N{SNOWMAN}", "*"):
            message = self.refused("NotFound", self.client.apply, name)
            self.assertNotIn("\x1b", message)
            self.assertNotIn("\n", message)

    def test_many_options_at_once(self):
        options = {f"option_{i}": ("s", "x" * 100) for i in range(10_000)}
        serial = self.client.send(ROOT, MANAGER, "Apply", "sa{sv}", "lp_x", options)
        self.refused("InvalidArgument", self.client.wait, serial)

    def test_garbage_on_the_wire_ends_only_its_sender(self):
        other = self.connect_nobody()
        other.connection.sock.sendall(b"l\x01\x00\x01" + b"\xff" * 4096)
        with self.assertRaises(OSError):
            other.manager_property("Mode")
        self.assertEqual(self.client.manager_property("Mode"), "manual")
