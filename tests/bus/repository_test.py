"""Sources that are signed repositories."""
import shutil

from harness.bus import MANAGER, PATCH, ROOT, Refused, patch_path
from harness.case import MANUAL
from harness.lpctl import LpctlCase
from harness.repository import RepositoryCase, entry


class Repository(RepositoryCase):
    def setUp(self):
        super().setUp()
        self.configure()

    def configure(self, more=""):
        self.write("etc/repos.d/corp.toml",
                   f'url = "file://{self.directory}/repo"\nroot = "{self.directory}/repo.root.json"\n'
                   + more)

    def shows(self, client, name, **properties):
        def as_told():
            try:
                patch = client.patch(name)
            except Refused:
                return False
            return all(patch[key] == value for key, value in properties.items())

        self.wait_for(as_told, f"{name} to have {properties}")

    def wait_reason(self, client, code):
        """A reason of Health with this code; returns its words."""
        def reason():
            reasons = client.manager_property("HealthReasons")
            return next((one for one in reasons if one.startswith(code + ": ")), None)

        return self.wait_for(reason, f"the reason {code}")

    def calls(self):
        return self.daemon.tell("calls")

    def log(self):
        return self.daemon.log.read_text(errors="replace")


class Publishing(Repository):
    def test_what_is_published_is_applied_and_described(self):
        client = self.begin(entry("LP-1", "lp_1", severity="important", cves=["CVE-2026-1"]))
        self.wait_state(client, "lp_1", "enabled")
        self.shows(client, "lp_1", Id="LP-1", Version="1", Severity="important",
                   Cves=["CVE-2026-1"], Source="corp", Disposition="managed")
        self.assertEqual(client.manager_property("Health"), "ok")
        self.assertEqual(client.manager_property("MetadataExpires"), 4070908800 * 10**6)
        # The next one is noticed, and takes its place.
        self.publish(entry("LP-1", "lp_1"), entry("LP-2", "lp_2"))
        self.wait_state(client, "lp_2", "enabled")
        self.wait_state(client, "lp_1", "absent")
        self.shows(client, "lp_1", Disposition="replaced")

    def reboot(self):
        """A clean one; returns who calls the next daemon."""
        self.assertEqual(self.daemon.stop(), 0)
        for directory in ("sys/kernel/livepatch", "sys/module"):
            for patch in (self.directory / directory).glob("lp_*"):
                shutil.rmtree(patch)
        self.prepare()
        self.daemon.tell("write", "proc/sys/kernel/random/boot_id", "99999999-8888-7777-6666-555555555555\n")
        self.daemon.begin()
        return self.connect()

    def test_what_it_leaves_out_leads_no_host_back(self):
        self.write("etc/livepatchd.toml", '[probation]\ntime = "1s"\n')
        client = self.begin(entry("LP-1", "lp_1"), entry("LP-2", "lp_2"))
        self.wait_state(client, "lp_2", "enabled")
        self.shows(client, "lp_2", Probation="passed")
        self.publish(entry("LP-1", "lp_1"))
        self.shows(client, "lp_1", Disposition="replaced")
        client = self.reboot()
        self.shows(client, "lp_1", State="absent", Disposition="available",
                   Reason="older than LP-2, which proved good here and which corp neither names any more "
                          "nor has taken back; lpctl apply lp_1 goes back to it")
        self.assertEqual(self.calls(), [])
        # Who begins anew has nothing that is older than what was there before.
        client.call(ROOT, MANAGER, "ResetTrust", "s", "corp")
        self.wait_state(client, "lp_1", "enabled")

    def test_keys_that_are_exchanged(self):
        client = self.begin(entry("LP-1", "lp_1"))
        self.wait_state(client, "lp_1", "enabled")
        self.publish(entry("LP-1", "lp_1"), entry("LP-2", "lp_2"), rotate=True)
        self.wait_state(client, "lp_2", "enabled")
        self.assertEqual(client.manager_property("HealthReasons"), [])
        self.assertEqual(client.manager_property("Health"), "ok")

    def test_one_patch_after_the_one_it_needs(self):
        client = self.begin(
            entry("LP-1", "lp_1", replace=False, requires=["LP-2"]),
            entry("LP-2", "lp_2", replace=False))
        self.wait_state(client, "lp_1", "enabled")
        self.wait_state(client, "lp_2", "enabled")
        self.assertEqual(self.calls(), ["load lp_2", "load lp_1"])

    def test_a_patch_without_the_one_it_needs(self):
        client = self.begin(entry("LP-1", "lp_1", replace=False, requires=["LP-0"]))
        self.shows(client, "lp_1", State="absent", Disposition="rejected",
                   Reason="requires LP-0, which is not loaded")
        self.assertIn("lpctl apply LP-0", self.refused("Conflict", client.apply, "lp_1"))

    def test_patches_that_do_not_bear_each_other(self):
        client = self.begin(entry("LP-1", "lp_1", replace=False),
                            entry("LP-2", "lp_2", replace=False, conflicts=["LP-1"]))
        self.wait_state(client, "lp_1", "enabled")
        self.shows(client, "lp_2", State="absent", Disposition="rejected",
                   Reason="conflict: it cannot be in the kernel with lp_1")
        self.refused("Conflict", client.apply, "LP-2")

    def test_the_rollout_reaches_this_host_later(self):
        client = self.begin(entry("LP-1", "lp_1", rollout={"rings": {"default": [
            {"at": "2026-01-01T00:00:00Z", "percent": 0},
            {"at": "2098-01-01T00:00:00Z", "percent": 100}]}}))
        self.shows(client, "lp_1", State="absent", Disposition="scheduled")
        reason = client.get(patch_path("lp_1"), PATCH, "Reason")
        self.assertRegex(reason, r"^rollout: at 0 %, this host is at \d+\.\d\d %; "
                                 r"its turn is at 2098-01-01T00:00:00Z$")
        self.assertEqual(client.manager_property("Health"), "pending")
        # Who asks for it by name has it.
        self.assertEqual(client.apply("LP-1"), patch_path("lp_1"))
        self.wait_state(client, "lp_1", "enabled")

    def test_a_rollout_that_is_paused(self):
        client = self.begin(entry("LP-1", "lp_1"),
                            entry("LP-2", "lp_2", rollout={"paused": True}))
        self.wait_state(client, "lp_1", "enabled")
        self.shows(client, "lp_2", State="absent", Disposition="scheduled",
                   Reason="rollout: paused by its publisher")
        self.publish(entry("LP-1", "lp_1"), entry("LP-2", "lp_2"))
        self.wait_state(client, "lp_2", "enabled")

    def test_the_end_of_a_kernel(self):
        client = self.begin(kernel={"support": {"status": "ended", "ends": "2026-01-01T00:00:00Z"},
                                    "reboot_into": "6.1.0-57-amd64"},
                            unfixed=[{"id": "CVE-2026-9", "reason": "too deep", "remediation": {
                                "restart_required": {"category": "system"}}}])
        self.wait_reason(client, "kernel-unsupported")
        self.assertTrue(client.manager_property("RebootNeeded"))
        self.assertEqual(client.manager_property("RebootReasons"), [
            "kernel-unsupported: the repository corp makes no livepatches for this kernel any more "
            "since 2026-01-01T00:00:00Z; boot 6.1.0-57-amd64",
            "unfixed: CVE-2026-9 cannot be livepatched: too deep; boot 6.1.0-57-amd64"])
        self.wait_for(lambda: (self.directory / "run/reboot-needed").read_text().splitlines() ==
                      client.manager_property("RebootReasons"), "the marker")


class Adding(LpctlCase):
    def test_what_is_believed_is_read_at_once(self):
        client = self.start()
        self.daemon.tell("publish", "repo", {"patches": [entry("LP-1", "lp_1")]})
        root = self.directory / "repo.root.json"
        said = self.lpctl(0, "trust", "add", "corp", f"file://{self.directory}/repo", "--root", str(root),
                          "--fingerprint", self.sha256(root))
        self.assertIn("read by livepatchd now", said)
        self.wait_state(client, "lp_1", "enabled")


class TakingBack(Repository):
    def taken_back(self, **said):
        return entry("LP-1", "lp_1", withdrawn={"reason": "it hurts", **said})

    def test_what_is_loaded_stays_unless_both_want_it_out(self):
        client = self.begin(entry("LP-1", "lp_1"))
        self.wait_state(client, "lp_1", "enabled")
        self.publish(self.taken_back(action="revert"))
        self.shows(client, "lp_1", Disposition="withdrawn", State="enabled",
                   Reason="taken back by its publisher: it hurts", Flags=["withdrawn", "release-only"])
        self.wait_for(lambda: "it stays loaded" in self.log(), "the journal to say so")
        # And once it is out, it does not come back.
        client.revert("lp_1")
        self.wait_state(client, "lp_1", "absent")
        self.assertIn("it hurts", self.refused("Withdrawn", client.apply, "lp_1"))

    def test_it_is_taken_out_where_that_is_allowed(self):
        self.write("etc/livepatchd.toml", "[security]\nallow_remote_revert = true\n")
        client = self.begin(entry("LP-0", "lp_0"), entry("LP-1", "lp_1"))
        self.wait_state(client, "lp_1", "enabled")
        self.publish(entry("LP-0", "lp_0"), self.taken_back(action="hold"))
        self.shows(client, "lp_1", Disposition="withdrawn", State="enabled")
        self.publish(entry("LP-0", "lp_0"), self.taken_back(action="revert"))
        self.wait_state(client, "lp_1", "absent")
        self.wait_state(client, "lp_0", "enabled")  # what it had taken the place of

    def test_the_brake(self):
        self.write("etc/livepatchd.toml", "[security]\nallow_remote_revert = true\n")
        client = self.begin(entry("LP-1", "lp_1"))
        self.wait_state(client, "lp_1", "enabled")
        sha256 = client.get(patch_path("lp_1"), PATCH, "Sha256")
        self.publish(entry("LP-1", "lp_1"), brakes=[{"sha256": sha256, "reason": "stop"}])
        self.shows(client, "lp_1", Disposition="withdrawn", State="enabled",
                   Reason="taken back by its publisher: brake: stop")
        client.revert("lp_1")
        self.wait_state(client, "lp_1", "absent")
        self.refused("Withdrawn", client.apply, "lp_1")


class Hostile(Repository):
    """Nothing is loaded, the reason has a code of its own, and what is loaded stays."""

    def setUp(self):
        super().setUp()
        self.write("etc/livepatchd.toml", MANUAL)

    def begin_with_one_loaded(self):
        client = self.begin(entry("LP-1", "lp_1", replace=False),
                            entry("LP-2", "lp_2", replace=False))
        self.wait_for(lambda: patch_path("lp_2") in client.objects(), "lp_2 to be seen")
        client.apply("lp_1")
        self.wait_state(client, "lp_1", "enabled")
        return client

    def blocked(self, client, code, error):
        words = self.wait_reason(client, code)
        self.assertEqual(client.manager_property("Health"), "degraded")
        self.refused(error, client.apply, "lp_2")
        self.shows(client, "lp_2", State="absent", Disposition="rejected")
        self.shows(client, "lp_1", State="enabled", Disposition="managed")
        self.wait_for(lambda: words.split(": ", 1)[1] in self.log(), "the journal to say so")
        return words

    def recovers(self, client):
        self.wait_manager(client, "Health", "ok")
        client.apply("lp_2")
        self.wait_state(client, "lp_2", "enabled")
        self.wait_for(lambda: "over: " in self.log(), "the journal to say that it is over")

    def test_an_old_timestamp_is_replayed(self):
        client = self.begin_with_one_loaded()
        timestamp = self.directory / "repo/metadata/timestamp.json"
        old, new = timestamp.read_bytes(), None
        self.publish(entry("LP-1", "lp_1", replace=False), entry("LP-2", "lp_2", replace=False))
        new = timestamp.read_bytes()
        self.refresh(client)
        timestamp.write_bytes(old)
        self.blocked(client, "source-rolled-back", "VerificationFailed")
        # Nor after a restart.
        self.assertEqual(self.daemon.stop(), 0)
        self.prepare().begin()
        client = self.connect()
        self.wait_reason(client, "source-rolled-back")
        timestamp.write_bytes(new)
        self.recovers(client)

    def refresh(self, client):
        before = client.manager_property("LastRefresh")
        client.manager("Refresh")
        self.wait_for(lambda: client.manager_property("LastRefresh") > before, "a refresh")

    def test_snapshots_are_mixed(self):
        client = self.begin_with_one_loaded()
        metadata = self.directory / "repo/metadata"
        old = sorted(metadata.glob("*.snapshot.json"), key=lambda one: int(one.name.split(".")[0]))
        self.publish(entry("LP-1", "lp_1", replace=False), entry("LP-2", "lp_2", replace=False))
        self.refresh(client)
        self.publish(entry("LP-1", "lp_1", replace=False), entry("LP-2", "lp_2", replace=False))
        new = max(metadata.glob("*.snapshot.json"), key=lambda one: int(one.name.split(".")[0]))
        good = new.read_bytes()
        self.refresh(client)
        (self.directory / "state/trust/corp/metadata/snapshot.json").unlink()
        new.write_bytes(old[-1].read_bytes())
        self.blocked(client, "source", "VerificationFailed")
        new.write_bytes(good)
        self.recovers(client)

    def test_a_module_is_swapped(self):
        client = self.begin_with_one_loaded()
        (module,) = (self.directory / "repo/targets/modules").rglob("*.LP-2.ko")
        good = module.read_bytes()
        module.write_bytes(self.module("lp_2", version="7").read_bytes())
        self.refused("VerificationFailed", client.apply, "lp_2")
        self.wait_reason(client, "source")
        self.shows(client, "lp_1", State="enabled", Disposition="managed")
        module.write_bytes(good)
        self.refresh(client)
        self.wait_manager(client, "Health", "ok")
        client.apply("lp_2")
        self.wait_state(client, "lp_2", "enabled")

    def test_it_is_gone_with_all_that_it_had(self):
        client = self.begin_with_one_loaded()
        (self.directory / "repo").rename(self.directory / "elsewhere")
        self.blocked(client, "source-unreachable", "Failed")
        (self.directory / "elsewhere").rename(self.directory / "repo")
        self.recovers(client)

    def test_it_has_expired(self):
        client = self.begin_with_one_loaded()
        self.publish(entry("LP-1", "lp_1", replace=False), entry("LP-2", "lp_2", replace=False),
                     expires="2020-06-20T00:00:00Z")
        self.blocked(client, "source-expired", "Expired")
        self.publish(entry("LP-1", "lp_1", replace=False), entry("LP-2", "lp_2", replace=False),
                     expires="2099-01-01T00:00:00Z")
        self.recovers(client)

    def test_it_is_copied_in_the_wrong_order(self):
        client = self.begin_with_one_loaded()
        timestamp = self.directory / "repo/metadata/timestamp.json"
        shutil.copytree(self.directory / "repo", self.directory / "copy")
        self.publish(entry("LP-1", "lp_1", replace=False), entry("LP-2", "lp_2", replace=False))
        self.refresh(client)
        new = timestamp.read_bytes()
        rest = max((self.directory / "repo/metadata").glob("*.snapshot.json"),
                   key=lambda one: int(one.name.split(".")[0]))
        rest.rename(self.directory / "late")
        (self.directory / "state/trust/corp/metadata/snapshot.json").unlink()
        timestamp.write_bytes(new)
        self.blocked(client, "source-incomplete", "VerificationFailed")
        (self.directory / "late").rename(rest)
        self.recovers(client)

    def test_another_root_is_installed(self):
        client = self.begin_with_one_loaded()
        self.daemon.tell("publish", "other", {})
        root = self.directory / "repo.root.json"
        good = root.read_bytes()
        root.write_bytes((self.directory / "other.root.json").read_bytes())
        self.blocked(client, "source-root-changed", "Conflict")
        root.write_bytes(good)
        self.recovers(client)
