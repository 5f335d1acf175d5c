"""The policies that the package installs."""
import pathlib
import unittest
import xml.etree.ElementTree as ElementTree

FILE = pathlib.Path(__file__).parents[2] / "dbus/policy/org.livepatchd1.policy"

ADMIN = ("auth_admin", "auth_admin", "auth_admin_keep")
EACH_TIME = ("auth_admin", "auth_admin", "auth_admin")
ACTIVE = ("auth_admin", "auth_admin", "yes")


class Policy(unittest.TestCase):
    def test_polkit_defaults(self):
        actions = {}
        for action in ElementTree.parse(FILE).getroot().findall("action"):
            actions[action.get("id").removeprefix("org.livepatchd1.")] = tuple(
                action.findtext(f"defaults/allow_{who}") for who in ("any", "inactive", "active"))
            self.assertTrue(action.findtext("description"))
            self.assertTrue(action.findtext("message"))
        self.assertEqual(actions, {"apply": ADMIN, "revert": ADMIN, "configure": ADMIN,
                                   "inspect": ACTIVE, "force": EACH_TIME})
