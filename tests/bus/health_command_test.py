"""The health command of [probation], as systemd is asked to run it."""
from harness.bus import MANAGER
from harness.case import BusCase
from harness.systemd import Systemd


class HealthCommand(BusCase):
    configuration = '[probation]\ntime = "1s"\ncommand = "check-app $HOME"\n'

    def setUp(self):
        super().setUp()
        self.systemd = Systemd(self.bus)
        self.addCleanup(self.systemd.stop)

    def probation(self, client):
        return client.patch("lp_a")["Probation"]

    def test_it_is_run_by_systemd_and_a_user_of_no_rights(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.wait_for(lambda: len(self.systemd.started) == 2, "both runs")
        self.wait_for(lambda: self.probation(client) == "passed", "its verdict")
        for unit in self.systemd.started:
            self.assertEqual(unit["ExecStart"], [("/bin/sh", ["/bin/sh", "-c", "check-app $$HOME"], False)])
            self.assertEqual(unit["Environment"], ["LIVEPATCH=lp_a"])
            self.assertEqual((unit["Type"], unit["DynamicUser"], unit["NoNewPrivileges"]), ("oneshot", True, True))
            self.assertEqual(unit["TimeoutStartUSec"], 60_000_000)
        self.assertEqual(self.systemd.state, "inactive")

    def test_an_ill_host_is_harm(self):
        self.systemd.status = 3
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.wait_for(lambda: client.patch("lp_a")["Disposition"] == "quarantined", "its quarantine")
        self.wait_state(client, "lp_a", "absent")
        self.assertIn("exit status 3", client.patch("lp_a")["Reason"])
        self.wait_for(lambda: self.systemd.state == "inactive", "the unit to be forgotten")

    def test_what_cannot_be_run_harms_nobody(self):
        for number, (status, result, refusing) in enumerate((
                (127, "exit-code", False), (203, "exit-code", False), (15, "timeout", False), (9, "oom-kill", False),
                (0, "resources", False), (0, "exit-code", True))):
            with self.subTest(status=status, result=result, refusing=refusing):
                self.systemd.status, self.systemd.result, self.systemd.refusing = status or 1, result, refusing
                client = self.start()
                name = f"lp_{number}"
                self.offer_and_see(client, name)
                self.wait_for(lambda: any(reason.startswith("health-command: ") for reason in
                                          client.manager_property("HealthReasons")), "the complaint")
                self.wait_for(lambda: client.patch(name)["Probation"] == "passed", "its verdict")
                self.assertEqual(client.patch(name)["State"], "enabled")
                self.daemon.stop()

    def test_two_patches_have_a_verdict_each(self):
        client = self.start()
        for name in ("lp_a", "lp_b"):
            self.offer_and_see(client, name)
        for name in ("lp_a", "lp_b"):
            self.wait_for(lambda name=name: client.patch(name)["Probation"] == "passed", "its verdict")
        asked = [unit["Environment"][0] for unit in self.systemd.started]
        self.assertEqual(sorted(asked), ["LIVEPATCH=lp_a"] * 2 + ["LIVEPATCH=lp_b"] * 2)

    def test_what_had_proved_good_is_not_blamed(self):
        """A daemon that starts again while the host is ill, as at boot."""
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.wait_for(lambda: self.probation(client) == "passed", "its verdict")
        client.revert("lp_a")
        self.wait_state(client, "lp_a", "absent")
        self.systemd.status = 1
        client.apply("lp_a")
        self.wait_for(lambda: any("not blamed" in reason for reason in
                                  client.manager_property("HealthReasons")), "the word of it")
        self.wait_for(lambda: self.probation(client) == "passed", "its second verdict")
        self.assertEqual(client.patch("lp_a")["State"], "enabled")

    def test_without_a_command_systemd_is_asked_nothing(self):
        self.write("etc/livepatchd.toml", '[probation]\ntime = "1s"\n')
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.wait_for(lambda: self.probation(client) == "passed", "its verdict")
        self.assertEqual(self.systemd.calls, [])
