#!/bin/bash
# A patch that brings the machine down while it is loaded, and one with which it hangs until somebody resets it: each
# is tried once, the good one is in.
# boots: 3
# timeout: 180
. /root/files/guest.sh

# The file is on the disk before it is seen.
offer_durably() {
    systemctl stop livepatchd.service
    put_patch "$MODULES/$1.ko"
    sync
    systemctl start --no-block livepatchd.service
}
check_blamed() {
    wait_for "$1 is quarantined" daemon_judges "$1" quarantined
    check_contains "$1: and why" "the machine went down" "$(daemon_field "$1" reason)"
    check "$1 is not in the kernel" module_absent "$1"
}

case $BOOT in
1)
    printf '[probation]\ntime = "2s"\n' >/etc/livepatchd/conf.d/probation.toml
    systemctl reload livepatchd.service
    put_patch "$MODULES/lp_cmdline.ko"
    wait_for "the good one is in" patch_enabled lp_cmdline
    wait_for "and proved" patch_proved lp_cmdline
    offer_durably lp_panic_load
    sleep 60
    fail "the machine lives on"
    ;;
2)
    wait_for "the good one is in" patch_enabled lp_cmdline
    check_blamed lp_panic_load
    offer_durably lp_hang
    wait_for "the kernel is at it" kernel_said "enabling patch 'lp_hang'"
    check_contains "the daemon answers" lp_cmdline "$(lpctl status)"
    reset_machine
    ;;
3)
    wait_for "the good one is in" patch_enabled lp_cmdline
    check "really patched" proc_patched_by cmdline lp_cmdline
    check_blamed lp_panic_load
    check_blamed lp_hang
    check_equal "nobody else is" 2 "$(jq '.state.quarantines | length' /var/lib/livepatchd/state.json)"
    ;;
esac
