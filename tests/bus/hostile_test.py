"""A source full of what nobody would put there with good intentions, and one good patch."""
import gzip
import lzma
import os
import socket
import struct

from harness.bus import PATCH, patch_path
from harness.case import BusCase

MIB = 1 << 20


def zstd_bomb(size):
    """A frame of blocks that each repeat one byte (RFC 8878): 4 bytes for 128 KiB."""
    block = 128 * 1024
    frame = b"\x28\xb5\x2f\xfd\x00" + bytes([(17 - 10) << 3])
    for left in range(size // block, 0, -1):
        frame += struct.pack("<I", block << 3 | 1 << 1 | (left == 1))[:3] + b"\0"
    return frame


def boundaries(elf):
    """Where the sections of a module begin and end."""
    (offset,) = struct.unpack_from("<Q", elf, 40)
    size, count = struct.unpack_from("<HH", elf, 58)
    ends = {64, offset}
    for i in range(count):
        at, length = struct.unpack_from("<QQ", elf, offset + i * size + 24)
        ends |= {at, at + length}
    return sorted(ends - {0, len(elf)})


class Hostile(BusCase):
    def peak(self):
        """The most memory that the daemon ever had, in MiB."""
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        return int(fields["VmHWM"].split()[0]) / 1024

    def put(self, name, content):
        with open(os.path.join(os.fsencode(self.source), os.fsencode(name)), "wb") as file:
            file.write(content)

    def fill(self):
        """Every kind of bad file; what each is refused for, by its name."""
        good = self.module("lp_bad").read_bytes()
        bare = self.module("lp_bad", key="none").read_bytes()
        self.put("empty.ko", b"")
        expected = {"empty.ko": "empty file"}
        for end in boundaries(bare):
            self.put(f"cut-{end}.ko", bare[:end])
            expected[f"cut-{end}.ko"] = ""
        self.put("sparse.ko", b"")
        os.truncate(self.source / "sparse.ko", 1 << 30)
        expected["sparse.ko"] = "longer than 67108864 bytes"
        os.mkfifo(self.source / "fifo.ko", 0o600)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.source / "socket.ko"))
        (self.source / "directory.ko").mkdir()
        for name in ("fifo.ko", "socket.ko", "directory.ko"):
            expected[name] = "not a regular file"
        (self.source / "link.ko").symlink_to(self.module("lp_bad"))
        expected["link.ko"] = "a symbolic link"

        def patched(offset, form, value, content=bare):
            changed = bytearray(content)
            struct.pack_into(form, changed, offset % len(changed), value)
            return bytes(changed)

        wrong = "damaged module: section headers are not in the file"
        strings = bare.rindex(b"\0.shstrtab\0")
        contents = {
            "newline\n.ko": (b"x", "not a kernel module"),
            "escape\x1b]0;x\x07\x1b[2J.ko": (b"x", "not a kernel module"),
            b"\xff\xfe.ko": (b"x", "not a kernel module"),
            "n" * 252 + ".ko": (b"x", "not a kernel module"),
            "machine.ko": (patched(18, "<H", 243), "ELF machine is 243"),
            "32-bit.ko": (patched(4, "<B", 1), "not a 64-bit ELF file"),
            "offset.ko": (patched(40, "<Q", 1 << 63), wrong),
            "count.ko": (patched(60, "<H", 0xfeff), wrong),
            "strings.ko": (bare[:strings] + b"x" * 11 + bare[strings + 11:], "names has no end"),
            "length.ko": (patched(-32, ">I", 0x7fffffff, good), "impossible length"),
            "two-signers.ko": (self.module("lp_bad", key="both").read_bytes(), "a stranger"),
            "stranger.ko": (self.module("lp_bad", key="unknown").read_bytes(), "a stranger"),
            "attributes.ko": (self.module("lp_bad", attributes=True).read_bytes(),
                              "signed attributes"),
            "md5.ko": (self.module("lp_bad", key="rsa", digest="MD5").read_bytes(), "md5"),
            "sha1.ko": (self.module("lp_bad", key="rsa", digest="SHA1").read_bytes(), "sha1"),
            "tampered.ko": (self.module("lp_bad", tampered=True).read_bytes(), "does not match"),
            "bomb.ko.xz": (lzma.compress(bytes(MIB), preset=0) * 256, "unpacks to more than"),
            "bomb.ko.gz": (gzip.compress(bytes(MIB)) * 256, "unpacks to more than"),
            "bomb.ko.zst": (zstd_bomb(1024 * MIB), "unpacks to more than"),
        }
        for name, (content, cause) in contents.items():
            self.put(name, content)
            expected[name] = cause
        self.put("sidecar.ko", good)
        self.put("sidecar.ko.json", b'{"id":"LP-1","id":"LP-2"}')
        expected["sidecar.ko.json"] = 'the key "id" twice'
        return expected

    def shown(self, name):
        """As base::escaped writes it."""
        text = os.fsdecode(name)
        return "".join(
            f"\\x{byte:02x}" if byte < 32 or byte >= 127 else chr(byte)
            for byte in os.fsencode(text))

    def test_everything_at_once(self):
        client = self.start()
        before = self.peak()
        expected = self.fill()
        self.offer("lp_good")
        self.wait_state(client, "lp_good", "enabled", 60)
        self.wait_for(lambda: len(client.manager_property("HealthReasons")) >= len(expected),
                      "every file to be named", 60)
        client.manager("Refresh")  # nothing is under way any more
        reasons = client.manager_property("HealthReasons")
        for name, cause in expected.items():
            path = f"source: {self.source}/{self.shown(name)}: "
            found = [reason for reason in reasons if reason.startswith(path)]
            self.assertEqual(len(found), 1, f"{name!r}: {found}")
            self.assertIn(cause, found[0])
        self.assertEqual(len(reasons), len(expected), reasons)
        for reason in reasons:
            self.assertTrue(reason.isprintable(), repr(reason))
        self.assertEqual(client.manager_property("Health"), "degraded")
        self.assertEqual([entry["name"] for entry in self.status_json()["patches"]
                          if entry["state"] != "absent"], ["lp_good"])

        # It runs on, and nobody waits for a FIFO.
        self.offer("lp_later")
        self.wait_state(client, "lp_later", "enabled", 60)
        peak = self.peak()
        print(f"peak memory: {before:.0f} MiB before, {peak:.0f} MiB with {len(expected)} bad files")
        # One module at a time, unpacked: 64 MiB at most. The sanitizer keeps what was freed.
        self.assertLess(peak - before, 192)
        for path in self.source.iterdir():
            if path.name.startswith("lp_"):
                continue
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()
        self.wait_for(lambda: client.manager_property("Health") == "ok", "health", 60)

    def test_an_expired_certificate_counts(self):
        self.prepare()
        self.daemon.tell("expire")
        self.daemon.begin()
        client = self.connect()
        self.offer("lp_a")
        self.wait_state(client, "lp_a", "enabled")
        self.assertIn("fixed", client.get(patch_path("lp_a"), PATCH, "Signer"))
