#!/bin/bash
# Disks full, and a state directory that cannot be written: said so, nothing loaded by itself, nothing lost, and
# gone by itself when there is room again.
. /root/files/guest.sh

life='["loaded","enabled","held","disabling","disabled","removed"]'
says() { lpctl status --json | jq -r '.health_reasons[]' | grep -q "^$1: .*$2"; }
remembers() { [[ $(lpctl history "$1" --json | jq -c '[.events[].event] | reverse') == "$life" ]]; }
healthy() { [[ $(lpctl status --json | jq -r .health) == ok ]]; }
# fill FILE: until nothing more goes in.
fill() {
    fallocate -l "$(($(df --output=avail -B1 "${1%/*}" | tail -n 1) - 65536))" "$1" || true
    # What is freed and reserved meanwhile goes in as well.
    local i
    for i in 1 2 3; do
        dd if=/dev/zero of="$1.$i" bs=4096 2>/dev/null || true
        sync
    done
}
immutable() { # FLAGS
    python3 -c 'import fcntl, os, struct, sys
fd = os.open("/var/lib/livepatchd", os.O_RDONLY)
fcntl.ioctl(fd, 0x40086602, struct.pack("l", int(sys.argv[1], 0)))' "$1"
}

put_patch "$MODULES/lp_version.ko"
wait_for "applied by itself" patch_enabled lp_version
wait_for "all well" healthy

fill /var/lib/full
check "reverting works on a full disk" lpctl revert lp_version
check "the kernel has let it go" patch_absent lp_version
# The generation before last makes room for the next one.
check_equal "and is recorded there" held "$(daemon_field lp_version disposition)"
wait_for "and remembered, on the disk or on its way there" remembers lp_version
rm -f /var/lib/full*
wait_for "all well" healthy
put_patch "$MODULES/lp_meminfo.ko"
wait_for "and the patch is applied" patch_enabled lp_meminfo
systemctl restart livepatchd.service
check_equal "the revert was not forgotten" held "$(daemon_field lp_version disposition)"

immutable 0x80010
check "reverting works without a place for the state" lpctl revert lp_meminfo
wait_for "said so" says state-not-persistent "/var/lib/livepatchd"
wait_for "the history knows it" remembers lp_meminfo
immutable 0x80000
wait_for "all well again, by itself" healthy
check_equal "the state has it" 2 "$(jq '.state.holds | length' /var/lib/livepatchd/state.json)"
systemctl stop livepatchd.service
for patch in lp_version lp_meminfo; do
    check "and so has the history, without the daemon too" remembers "$patch"
done
systemctl start livepatchd.service

fill /run/full
put_patch "$MODULES/lp_cmdline.ko"
wait_for "applied with a full /run" patch_enabled lp_cmdline
# The old file makes room for the new one, or there is none: never one that is not true.
status_is_true() {
    [[ ! -e /run/livepatchd/status.json ]] ||
        jq -e 'any(.patches[]; .name == "lp_cmdline" and .state == "enabled")' /run/livepatchd/status.json
}
wait_for "no old news in status.json" status_is_true
check "lpctl says so" daemon_says lp_cmdline enabled
rm -f /run/full*
wait_for "written again, by itself" eval \
    'jq -e ".health == \"ok\" and any(.patches[]; .name == \"lp_cmdline\" and .state == \"enabled\")" /run/livepatchd/status.json'
