"""metrics.prom, read as a monitoring system reads it."""
from prometheus_client.parser import text_string_to_metric_families

from harness.case import MANUAL, BusCase


class Metrics(BusCase):
    configuration = MANUAL

    def samples(self):
        file = self.directory / "run/metrics.prom"
        text = file.read_text() if file.exists() else ""
        return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
                for family in text_string_to_metric_families(text) for sample in family.samples}

    def value(self, name, **labels):
        return self.samples().get((name, tuple(sorted(labels.items()))))

    def wait_value(self, wanted, name, **labels):
        self.wait_for(lambda: self.value(name, **labels) == wanted, f"{name} {labels} {wanted}")

    def test_it_follows_a_patch(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.wait_value(0, "livepatch_patch_enabled", patch="lp_a")
        self.daemon.tell("stall", "lp_a")
        client.apply("lp_a")
        self.wait_value(1, "livepatch_patch_transition", patch="lp_a")
        self.wait_for(lambda: self.value("livepatch_transition_start_timestamp_seconds", patch="lp_a"), "its start")
        self.daemon.tell("release", "lp_a")
        self.wait_value(1, "livepatch_patch_enabled", patch="lp_a")
        self.wait_value(0, "livepatch_patch_transition", patch="lp_a")
        self.wait_value(1, "livepatch_events_total", event="enabled", outcome="done")
        client.revert("lp_a")
        self.wait_value(1, "livepatch_events_total", event="removed", outcome="done")
        self.assertEqual(self.value("livepatch_events_total", event="harmful", outcome="noticed"), 0)

    def test_everybody_may_read_it(self):
        self.start()
        self.wait_for(lambda: (self.directory / "run/metrics.prom").exists(), "the file")
        self.assertEqual((self.directory / "run/metrics.prom").stat().st_mode & 0o777, 0o644)

    def test_a_daemon_that_stops_says_so(self):
        client = self.start()
        self.offer_and_see(client, "lp_a")
        self.daemon.stop()
        self.assertEqual(self.value("livepatchd_health", health="degraded"), 1)
        self.assertEqual(self.value("livepatchd_health_reason", reason="daemon-not-running"), 1)
