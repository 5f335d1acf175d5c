"""SIGHUP, which is `systemctl reload livepatchd`: the configuration is read again."""
import signal

from harness.bus import PATCH, patch_path
from harness.case import MANUAL, BusCase


class Reload(BusCase):
    configuration = MANUAL

    def reload(self):
        notifications = self.daemon.notifications
        self.daemon.signal(signal.SIGHUP)
        self.assertTrue(notifications.wait("RELOADING=1"))
        self.assertTrue(notifications.wait("READY=1"))

    def add_source(self, name, path, more=""):
        path.mkdir(exist_ok=True)
        return self.write(f"etc/repos.d/{name}.toml",
                          f'trust = "module-signature"\npath = "{path}"\n{more}')

    def test_the_mode(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.assertEqual(client.patch("lp_a")["State"], "absent")
        self.write("etc/livepatchd.toml", "")
        self.reload()
        self.wait_state(client, "lp_a", "enabled")
        self.assertEqual(client.manager_property("Mode"), "automatic")
        self.write("etc/livepatchd.toml", MANUAL)
        self.reload()
        self.assertEqual(client.manager_property("Mode"), "manual")
        self.assertEqual(client.patch("lp_a")["State"], "enabled")

    def test_a_source_that_is_new(self):
        client = self.start()
        path = self.module("lp_a")
        other = self.directory / "other"
        self.add_source("other", other)
        path.rename(other / "lp_a.ko")
        self.assertEqual(client.objects(), {})
        self.reload()
        self.assertEqual(client.patch("lp_a")["Source"], "other")
        # It is watched as well.
        self.module("lp_b").rename(other / "lp_b.ko")
        self.wait_for(lambda: patch_path("lp_b") in client.objects(), "lp_b")

    def test_a_source_that_is_gone(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.offer_and_see(client, "lp_b")
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        (self.directory / "etc/repos.d/files.toml").unlink()
        self.reload()
        self.assertEqual(list(client.objects()), [patch_path("lp_a")])
        patch = client.patch("lp_a")
        self.assertEqual((patch["State"], patch["Disposition"], patch["Source"]),
                         ("enabled", "managed", "files"))
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a"])
        # Nor is it watched any more.
        self.offer("lp_c")
        self.assertEqual(list(client.objects()), [patch_path("lp_a")])

    def test_a_broken_main_file_changes_nothing_but_health(self):
        self.write("etc/livepatchd.toml", "")
        client = self.start()
        path = self.write("etc/livepatchd.toml", "[apply]\nmode = 'manual'\nmoed = 1\n")
        self.reload()
        self.assertEqual(client.manager_property("Mode"), "automatic")
        self.assertEqual(client.manager_property("Health"), "degraded")
        (reason,) = client.manager_property("HealthReasons")
        self.assertTrue(reason.startswith(f"configuration: {path}:3"), reason)
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        # Sources stand for themselves.
        other = self.directory / "other"
        self.add_source("other", other)
        self.module("lp_b").rename(other / "lp_b.ko")
        self.reload()
        self.wait_state(client, "lp_b", "enabled")
        path.write_text(MANUAL)
        self.reload()
        self.assertEqual(client.manager_property("HealthReasons"), [])
        self.assertEqual(client.manager_property("Mode"), "manual")

    def test_a_broken_source_is_disabled(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.offer_and_see(client, "lp_b")
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        path = self.write("etc/repos.d/files.toml", 'trust = "module-signature"\npaht = "/x"\n')
        self.reload()
        (reason,) = client.manager_property("HealthReasons")
        self.assertTrue(reason.startswith(f"configuration: {path}:2"), reason)
        self.assertEqual(list(client.objects()), [patch_path("lp_a")])
        self.assertEqual(client.get(patch_path("lp_a"), PATCH, "State"), "enabled")
        self.add_source("files", self.source)
        self.reload()
        self.assertEqual(len(client.objects()), 2)
        self.assertEqual(client.manager_property("Health"), "ok")
        self.assertEqual(self.daemon.tell("calls"), ["load lp_a"])

    def test_while_a_patch_is_loaded(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("block")
        waiting = client.send_manager("Apply", "lp_a")
        self.wait_manager(client, "Stage", "loading")
        (self.directory / "etc/repos.d/files.toml").unlink()
        self.reload()
        self.daemon.tell("unblock")
        client.wait(waiting)
        self.wait_state(client, "lp_a", "enabled")
        self.assertEqual(client.patch("lp_a")["Disposition"], "managed")

    def test_many_in_a_row(self):
        client = self.start()
        for _ in range(20):
            self.daemon.signal(signal.SIGHUP)
        self.write("etc/livepatchd.toml", "")
        self.daemon.signal(signal.SIGHUP)
        self.wait_manager(client, "Mode", "automatic")

    def test_stopped_in_the_middle(self):
        self.start()
        self.daemon.signal(signal.SIGHUP)
        self.assertEqual(self.daemon.stop(), 0)
