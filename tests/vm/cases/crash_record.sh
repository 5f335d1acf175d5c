#!/bin/bash
# The machine's memory has kept what the kernel said when it went down: it names the culprit, and not the newest patch,
# and its words are the evidence.
# boots: 2
# cmdline: pstore.compress=none
# timeout: 180
. /root/files/guest.sh

if [[ $BOOT == 1 ]]; then
    # A PCI device that is memory only (ivshmem); ramoops takes it where it lies, at every boot.
    device=$(grep -lx 0x1110 /sys/bus/pci/devices/*/device | head -1)
    read -r start _ _ < <(sed -n 3p "${device%/*}/resource")
    echo ramoops >/etc/modules-load.d/ramoops.conf
    echo "options ramoops mem_address=$start mem_size=0x100000 record_size=0x20000 max_reason=2" >/etc/modprobe.d/ramoops.conf
    modprobe ramoops
    check "the kernel has a place for its last words" kernel_said "ramoops: using"
    put_patch "$MODULES/lp_panic.ko"
    wait_for "the one that brings it down is in" patch_enabled lp_panic
    put_patch "$MODULES/lp_version.ko" # is the newest when that happens, if there is time for it
    sync
    sleep 60
    fail "the machine lives on"
fi
record=$(cat /sys/fs/pstore/dmesg-* | tail -n 200)
check_contains "the kernel's last words are there" "lp_panic was told to" "$record"
wait_for "the daemon is there" systemctl is-active livepatchd.service
check_equal "the culprit is quarantined" quarantined "$(daemon_field lp_panic disposition)"
check_contains "by the record" "the record of the crash names it" "$(daemon_field lp_panic reason)"
wait_for "the history has the kernel's words" eval "lpctl history lp_panic --json | jq -e \
    'any(.events[]; .event == \"quarantined\" and (.kernel_log | join(\" \") | contains(\"lp_bring_down\")))'"
wait_for "the newest is not blamed" patch_enabled lp_version
