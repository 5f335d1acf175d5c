"""Health, and why: a code that never changes, and words."""
import os
import shutil

from harness.bus import MANAGER, PATCH, ROOT, patch_path
from harness.case import MANUAL, BusCase


class Health(BusCase):
    configuration = MANUAL

    def reasons(self, client):
        """By code; each is a code alone, or a code and words."""
        values = client.get_all(ROOT, MANAGER)
        reasons = values["HealthReasons"]
        for reason in reasons:
            self.assertRegex(reason, r"^[a-z-]+(: .+)?$")
        self.assertEqual(values["Health"] == "degraded", bool(reasons))
        return {reason.partition(": ")[0]: reason.partition(": ")[2] for reason in reasons}

    def wait_codes(self, client, *codes):
        self.wait_for(lambda: set(self.reasons(client)) == set(codes), f"{codes}")
        return self.reasons(client)

    def test_a_container(self):
        self.write("etc/livepatchd.toml", "")
        self.prepare()
        self.daemon.tell("write", "run/systemd/container", "docker\n")
        self.daemon.begin()
        client = self.connect()
        self.assertIn("docker", self.wait_codes(client, "container")["container"])
        self.assertEqual(client.manager_property("Mode"), "automatic")
        self.offer_and_see(client, "lp_a")
        patch = client.patch("lp_a")
        self.assertEqual((patch["State"], patch["Disposition"]), ("absent", "available"))
        self.assertIn("container", patch["Reason"])
        client.apply("lp_a")  # an admin decides for himself
        self.wait_state(client, "lp_a", "enabled")

    def test_what_a_source_has_and_nobody_can_read(self):
        client = self.start()
        (self.source / "lp_a.ko").write_text("nonsense")
        self.assertIn("lp_a.ko", self.wait_codes(client, "source")["source"])

    def test_a_load_that_the_kernel_refused(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.daemon.tell("refuse", "lp_a", "LoadFailed", "no memory")
        self.refused("LoadFailed", client.apply, "lp_a")
        self.assertIn("no memory", self.wait_codes(client, "load-failed")["load-failed"])

    def test_a_kernel_log_that_comes_back(self):
        self.prepare()
        self.daemon.tell("calls")  # it has made its kernel
        log = self.directory / "dev/kmsg"
        log.rename(self.directory / "dev/elsewhere")
        self.daemon.begin()
        client = self.connect()
        self.assertIn(str(log), self.wait_codes(client, "kernel-log-unreadable")
                      ["kernel-log-unreadable"])
        self.offer_and_see(client, "lp_a")
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        (self.directory / "dev/elsewhere").rename(log)
        self.wait_codes(client)

    def test_a_kernel_log_that_ends(self):
        self.prepare()
        self.daemon.tell("calls")  # it has made its kernel
        log = self.directory / "dev/kmsg"
        log.unlink()
        os.mkfifo(log)
        writer = os.open(log, os.O_RDWR)
        self.daemon.begin()
        client = self.connect()
        self.wait_codes(client)
        os.close(writer)
        said = self.wait_codes(client, "kernel-log-unreadable")["kernel-log-unreadable"]
        self.assertIn("ended", said)
        self.daemon.tell("foreign-load", "other")
        self.wait_state(client, "other", "enabled")
        self.wait_codes(client)

    def test_a_status_file_that_cannot_be_written(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.wait_for(lambda: len(self.status_json()["patches"]) == 1, "the file")
        obstacle = self.directory / "run/.status.json.new/x"
        obstacle.mkdir(parents=True)
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        said = self.wait_codes(client, "status-not-written")["status-not-written"]
        self.assertIn("status.json", said)
        # An old one would be taken for the truth.
        self.assertFalse((self.directory / "run/status.json").exists())
        shutil.rmtree(obstacle.parent)
        self.wait_for((self.directory / "run/status.json").exists, "the new one")
        self.assertEqual(self.status_json()["patches"][0]["state"], "enabled")
        self.wait_codes(client)
        self.wait_for(lambda: self.status_json()["health"] == "ok", "its health")
        self.assertEqual(set(os.listdir(self.directory / "run")),
                         {"kernel-log", "lock", "metrics.prom", "status.json"})

    def test_a_state_directory_that_cannot_be_written(self):
        self.write("etc/livepatchd.toml", "")
        obstacle = self.directory / "state/.state.json.new/x"
        obstacle.mkdir(parents=True)
        client = self.start()
        self.wait_codes(client, "state-not-persistent")
        self.offer_and_see(client, "lp_a")
        self.assertEqual(client.get(patch_path("lp_a"), PATCH, "State"), "absent")
        self.refused("Failed", client.apply, "lp_a")
        self.assertEqual(self.daemon.tell("calls"), [])
        shutil.rmtree(obstacle.parent)
        # By itself, some seconds later.
        self.wait_state(client, "lp_a", "enabled")
        self.wait_codes(client)

    def test_a_revert_with_a_full_disk_is_done_and_remembered_later(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        client.apply("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        state = self.directory / "state/state.json"
        self.wait_for(lambda: '"stage": "enabled"' in state.read_text(), "the record of it")
        obstacle = self.directory / "state/.state.json.new/x"
        obstacle.mkdir(parents=True)
        client.revert("lp_a")
        self.wait_state(client, "lp_a", "absent")
        self.wait_codes(client, "state-not-persistent")
        shutil.rmtree(obstacle.parent)
        self.wait_codes(client)
        self.daemon.kill()
        client = self.start()
        self.assertEqual(client.patch("lp_a")["Disposition"], "held")
