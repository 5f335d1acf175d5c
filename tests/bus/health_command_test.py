"""The health command of [probation], as systemd is asked to run it."""
from harness.bus import MANAGER
from harness.case import BusCase
from harness.systemd import Systemd


class HealthCommand(BusCase):
    configuration = '[probation]\ntime = "1s"\ncommand = "check-app --fast"\n'

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
            self.assertEqual(unit["ExecStart"], [("/bin/sh", ["/bin/sh", "-c", "check-app --fast"], False)])
            self.assertEqual(unit["Environment"], ["LIVEPATCH=lp_a"])
            self.assertEqual((unit["Type"], unit["DynamicUser"], unit["NoNewPrivileges"]), ("oneshot", True, True))
            self.assertEqual(unit["TimeoutStartUSec"], 60_000_000)
        self.wait_for(lambda: self.systemd.calls.count("StopUnit") == 2, "the units to be stopped")

    def test_an_ill_host_is_harm(self):
        self.systemd.status = 3
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.wait_for(lambda: client.patch("lp_a")["Disposition"] == "quarantined", "its quarantine")
        self.wait_state(client, "lp_a", "absent")
        self.assertIn("exit status 3", client.patch("lp_a")["Reason"])
        self.wait_for(lambda: self.systemd.calls.count("ResetFailedUnit") >= 2, "the unit to be forgotten")

    def test_what_cannot_be_run_harms_nobody(self):
        for status, refusing in ((127, False), (203, False), (0, True)):
            with self.subTest(status=status, refusing=refusing):
                self.systemd.status, self.systemd.refusing = status, refusing
                client = self.start()
                name = f"lp_{status}"
                self.offer_and_see(client, name)
                self.wait_for(lambda: any(reason.startswith("health-command: ") for reason in
                                          client.manager_property("HealthReasons")), "the complaint")
                self.wait_for(lambda: client.patch(name)["Probation"] == "passed", "its verdict")
                self.assertEqual(client.patch(name)["State"], "enabled")
                self.daemon.stop()

    def test_without_a_command_systemd_is_asked_nothing(self):
        self.write("etc/livepatchd.toml", '[probation]\ntime = "1s"\n')
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.wait_for(lambda: self.probation(client) == "passed", "its verdict")
        self.assertEqual(self.systemd.calls, [])
