#!/usr/bin/env python3
"""variants.py SIGN_FILE KEYS RELEASE OUT MODULE...: sign modules, and make from some of them what
an attacker or an accident could. On a default Debian host the kernel loads every one of them.

  OUT/NAME.ko                   signed with the trusted key
  OUT/newer/NAME.ko             a later version of the same name, signed with the trusted key
  OUT/unsigned/NAME.ko          as it came from the compiler
  OUT/unknown-key/NAME.ko       signed with a key that nobody trusts
  OUT/tampered/NAME.ko          signed with the trusted key, then changed: it prints "altered by"
  OUT/wrong-release/NAME.ko     built for another kernel release, as its vermagic says; trusted key
  OUT/compressed/NAME.ko.xz, .zst, .gz
"""
import os
import re
import subprocess
import sys

VARIED = {"lp_cmdline", "lp_meminfo", "lp_version"}

sign_file, keys, release, out, *modules = sys.argv[1:]


def write(directory, name, data):
    path = os.path.join(out, directory, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    return path


def sign(path, key):
    subprocess.run([sign_file, "sha256", f"{keys}/{key}.key", f"{keys}/{key}.pem", path], check=True)


def replaced(data, old, new):
    assert len(old) == len(new) and data.count(old) == 1, f"{old!r} occurs {data.count(old)} times"
    return data.replace(old, new)


def other_release():
    """Another release of the same length: 6.1.9-56-amd64 for 6.1.0-56-amd64."""
    head, number, tail = re.match(r"(\d+\.\d+\.)(\d+)(.*)", release).groups()
    other = "9" * len(number)
    return head + (other if other != number else "8" * len(number)) + tail


for module in modules:
    name = os.path.basename(module)
    with open(module, "rb") as file:
        plain = file.read()
    newer = os.path.basename(os.path.dirname(module)) == "newer"
    signed = write("newer" if newer else "", name, plain)
    sign(signed, "trusted")
    if os.path.splitext(name)[0] not in VARIED:
        continue

    write("unsigned", name, plain)
    sign(write("unknown-key", name, plain), "unknown")
    with open(signed, "rb") as file:
        write("tampered", name, replaced(file.read(), b"patched by", b"altered by"))
    magic = b"vermagic=%s "
    sign(write("wrong-release", name, replaced(
        plain, magic % release.encode(), magic % other_release().encode())), "trusted")
    for suffix, command in (("xz", ["xz", "-c", "--check=crc32"]), ("zst", ["zstd", "-cq"]), ("gz", ["gzip", "-cn"])):
        with open(signed, "rb") as file:
            packed = subprocess.run(command, stdin=file, stdout=subprocess.PIPE, check=True).stdout
        write("compressed", f"{name}.{suffix}", packed)
