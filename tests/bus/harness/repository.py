"""A signed repository that the emulated daemon's control publishes."""
from .case import BusCase


def entry(patch_id, name, replace=True, **said):
    """Of its catalogue."""
    return {"id": patch_id, "module": {"name": name, "replace": replace}, **said}


class RepositoryCase(BusCase):
    """Its source is "corp", which the case writes; no other."""

    def setUp(self):
        super().setUp()
        (self.directory / "etc/repos.d/files.toml").unlink()

    def publish(self, *patches, **said):
        self.daemon.tell("publish", "repo", {"patches": list(patches), **said})

    def begin(self, *patches, **said):
        self.prepare()
        self.publish(*patches, **said)
        self.daemon.begin()
        return self.connect()
