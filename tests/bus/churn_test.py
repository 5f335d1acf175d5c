"""Much at once: patches that come and go under those who look at them."""
import contextlib
import os
import random
import time

from harness.bus import MANAGER, PATCH, ROOT, Refused, patch_path
from harness.case import BusCase

PATCHES = ("lp_a", "lp_b", "lp_c")


class Churn(BusCase):
    def descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))

    def test_objects_go_while_they_are_read(self):
        client = self.start()
        readers = [self.connect_nobody() for _ in range(4)]
        files = {name: self.module(name, release="6.1.0-1-amd64") for name in PATCHES}
        for _ in range(40):
            for name, path in files.items():
                path.rename(self.source / path.name)
                for reader in readers:
                    reader.send(patch_path(name), "org.freedesktop.DBus.Properties", "GetAll", "s",
                                PATCH)
                    reader.send(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
                (self.source / path.name).rename(path)
        for reader in readers:
            reader.close()
        client.manager("Refresh")
        self.wait_for(lambda: not client.objects(), "all to be gone")
        self.assertEqual(self.daemon.tell("calls"), [])

    def test_nothing_is_left_open(self):
        client = self.start()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")

        def exercise():
            other = self.connect_nobody()
            for _ in range(5):
                with contextlib.suppress(Refused):
                    other.manager("Refresh", interactive=True)
                client.objects()
                client.revert("lp_a")
                self.wait_state(client, "lp_a", "absent")
                client.apply("lp_a")
                self.wait_state(client, "lp_a", "enabled")
            other.close()

        exercise()
        before = self.wait_for(self.descriptors, "some")
        exercise()
        self.wait_for(lambda: self.descriptors() <= before, f"no more than {before} descriptors")

    def test_admins_who_disagree(self):
        """Whatever they ask for, in whatever order: the last word stands, and nothing is stuck."""
        client = self.start(transition_ms=5)
        for name in PATCHES:
            self.offer_and_see(client, name)
        seed = int(os.environ.get("LIVEPATCHD_SEED", time.time_ns()))
        print(f"LIVEPATCHD_SEED={seed}")
        chance = random.Random(seed)
        admins = [self.connect() for _ in range(3)]
        end = time.monotonic() + 3
        while time.monotonic() < end:
            admin = chance.choice(admins)
            name = chance.choice(PATCHES)
            action = chance.choice(("Apply", "Revert", "Apply", "Revert", "RevertAll", "ApplyAll",
                                    "Refresh", "foreign", "stall", "wait"))
            if action == "wait":
                time.sleep(chance.uniform(0, 0.02))
            elif action == "foreign":
                self.daemon.tell("foreign-disable", name)
            elif action == "stall":
                self.daemon.tell("stall", name)
                time.sleep(0.01)
                self.daemon.tell("release", name)
            else:
                admin.send_manager(action, *((name,) if action in ("Apply", "Revert") else ()))
                admin.collect()
        for admin in admins:
            admin.close()
        self.wait_manager(client, "Stage", "idle")
        wanted = {name: chance.choice(("enabled", "absent")) for name in PATCHES}
        for name, state in wanted.items():
            if state == "enabled":
                client.apply(name)
            else:
                client.revert(name)
        for name, state in wanted.items():
            self.wait_state(client, name, state)
        self.wait_manager(client, "Stage", "idle")
        for name, state in wanted.items():
            disposition = "managed" if state == "enabled" else "held"
            self.assertEqual(client.get(patch_path(name), PATCH, "Disposition"), disposition)
        self.assertEqual(client.get(ROOT, MANAGER, "Mode"), "automatic")
