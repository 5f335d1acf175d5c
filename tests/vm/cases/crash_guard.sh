#!/bin/bash
# A patch that brings the machine down is loaded once and never again by itself; what was good before is.
# boots: 3
# timeout: 180
. /root/files/guest.sh

if [[ $BOOT == 1 ]]; then
    printf '[probation]\ntime = "2s"\n' >/etc/livepatchd/conf.d/probation.toml
    systemctl reload livepatchd.service
    put_patch "$MODULES/lp_cmdline.ko"
    wait_for "applied" patch_enabled lp_cmdline
    wait_for "proved" eval "busctl get-property org.livepatchd1 /org/livepatchd1/patch/lp_5fcmdline \
        org.livepatchd1.Patch Probation | grep -q passed"
    printf '[probation]\ntime = "10min"\n' >/etc/livepatchd/conf.d/probation.toml
    systemctl reload livepatchd.service
    put_patch "$MODULES/lp_panic.ko"
    sync # the files, which a package manager would have seen to; the daemon's own are on the disk
    sleep 60
    fail "the machine lives on"
fi
wait_for "the good one is in" patch_enabled lp_cmdline
check "really patched" proc_patched_by cmdline lp_cmdline
check_equal "the other one is quarantined" quarantined "$(daemon_field lp_panic disposition)"
check_contains "and why" "the machine went down" "$(daemon_field lp_panic reason)"
check_contains "status tells" "quarantined" "$(lpctl status)"
check_status "a check says so" 1 lpctl status --check=health
check_status "asking for it is refused" 6 lpctl apply lp_panic
take_patch lp_panic.ko
wait_for "gone" daemon_says lp_panic none
put_patch "$MODULES/lp_panic.ko"
put_patch "$MODULES/lp_version.ko" # shows when the daemon has done its round
wait_for "the other is in" patch_enabled lp_version
check "published anew it stays out" module_absent lp_panic
check_equal "still quarantined" quarantined "$(daemon_field lp_panic disposition)"
