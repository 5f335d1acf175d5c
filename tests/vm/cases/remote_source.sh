#!/bin/bash
# A source on a FUSE file system, which is what some process says, is refused; with remote = true it is used. One that
# does not answer any more stops nothing that is in the kernel.
# timeout: 240
. /root/files/guest.sh

# Serves one directory with one file, by the protocol of linux/fuse.h: fuse.py MODULE.ko MOUNTPOINT
cat >/root/fuse.py <<'END'
import ctypes, os, struct, sys

content = open(sys.argv[1], "rb").read()
name, directory, file = os.path.basename(sys.argv[1]).encode(), 1, 2
fuse = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = f"fd={fuse},rootmode=40755,user_id=0,group_id=0,allow_other".encode()
if libc.mount(b"lab", sys.argv[2].encode(), b"fuse", 0, options) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))

def attributes(node):
    size, mode, links = (0, 0o040755, 2) if node == directory else (len(content), 0o100644, 1)
    return struct.pack("<6Q10I", node, size, 1, 1, 1, 1, 0, 0, 0, mode, links, 0, 0, 0, 4096, 0)

def answer(operation, node, body):
    """An error, or the bytes of the answer."""
    if operation == 26:  # INIT: version, readahead, flags, background, threshold, write, granularity
        return struct.pack("<4I2H2I36x", 7, 31, 0, 0, 12, 9, 65536, 1)
    if operation == 1:  # LOOKUP
        if node != directory or body.rstrip(b"\0") != name:
            return -2
        return struct.pack("<2Q2Q2I", file, 0, 1, 1, 0, 0) + attributes(file)
    if operation == 3:  # GETATTR
        return struct.pack("<Q2I", 1, 0, 0) + attributes(node)
    if operation in (14, 27):  # OPEN, OPENDIR
        return struct.pack("<Q2I", 0, 0, 0)
    if operation in (15, 28):  # READ, READDIR
        at, size = struct.unpack_from("<QI", body, 8)
        if operation == 15:
            return content[at:at + size]
        entry = struct.pack("<2Q2I", file, 1, len(name), 8) + name
        return entry + b"\0" * (-len(entry) % 8) if at == 0 else b""
    if operation == 17:  # STATFS
        return struct.pack("<5Q4I24x", 0, 0, 0, 1, 0, 4096, 255, 4096, 0)
    if operation in (18, 25, 29):  # FLUSH, RELEASE, RELEASEDIR
        return b""
    return -38

while True:
    try:
        request = os.read(fuse, 1 << 20)
    except OSError:  # unmounted
        break
    _, operation, unique, node = struct.unpack_from("<2I2Q", request)
    if operation in (2, 36, 42):  # FORGET, INTERRUPT, BATCH_FORGET: nobody waits
        continue
    result = answer(operation, node, request[40:])
    error, data = (result, b"") if isinstance(result, int) else (0, result)
    os.write(fuse, struct.pack("<IiQ", 16 + len(data), error, unique) + data)
END

remote=/srv/remote
mkdir -p $remote
modprobe fuse
python3 /root/fuse.py "$MODULES/lp_version.ko" $remote &
server=$!
wait_for "mounted" mountpoint -q $remote
check_equal "it is FUSE" 65735546 "$(stat -f -c %t $remote)"
check "and gives the module" cmp "$MODULES/lp_version.ko" $remote/lp_version.ko

source_file=/etc/livepatchd/repos.d/remote.toml
printf 'trust = "module-signature"\npath = "%s"\n' $remote >$source_file
check "reloads" systemctl reload livepatchd.service
reasons() { lpctl status --json | jq -r '.health_reasons[]'; }
health_is() { [[ $(lpctl status --json | jq -r .health) == "$1" ]]; }
wait_for "refused" eval 'reasons | grep -q "/srv/remote: lies on a network or FUSE file system"'
check_contains "and says what to do" "remote = true" "$(reasons)"
check_equal "nothing of it is offered" none "$(daemon_field lp_version state)"
check_not "nor loaded" module_loaded lp_version

echo 'remote = true' >>$source_file
check "reloads" systemctl reload livepatchd.service
wait_for "applied where it is wanted" daemon_says lp_version enabled
check "the kernel runs it" proc_patched_by version lp_version
check_equal "health" ok "$(lpctl status --json | jq -r .health)"

# Its server hangs: changes are seen, the daemon starts, and an admin reverts, all without it.
put_patch "$MODULES/lp_meminfo.ko"
wait_for "one of another source" daemon_says lp_meminfo enabled
kill -STOP "$server"
check_not "whoever looks there waits" timeout 2 stat $remote/another
mount -t tmpfs none /mnt # the daemon looks where its sources are
check "it answers" lpctl status
check "it reverts" lpctl revert lp_meminfo
check_not "out of the kernel" patch_enabled lp_meminfo
wait_for "it says so" eval 'reasons | grep -q "has not answered for 10 s"'
began=$SECONDS
check "it stops and starts" systemctl restart livepatchd.service
check "soon" test $((SECONDS - began)) -lt 40
check_contains "and says what it waits for" "/srv/remote has not answered for 10 s" "$(reasons)"
check "what is in the kernel is known" daemon_says lp_version enabled
check "and can be reverted" lpctl revert lp_version
check_not "out of the kernel" patch_enabled lp_version
check_equal "nobody was killed for it" 0 "$(systemctl show -P NRestarts livepatchd.service)"
kill -CONT "$server"
wait_for "all is well" health_is ok
umount /mnt
check "it is wanted again" lpctl apply lp_version

# Whatever becomes of the file system, what is loaded stays.
umount -l $remote
check "read again" lpctl refresh
check "it stays" patch_enabled lp_version
rm $source_file
check "reloads" systemctl reload livepatchd.service
