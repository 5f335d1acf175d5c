#!/bin/bash
# A patch that brings the machine down is loaded once and never again by itself, a newer version of it is; of three
# patches of which the middle one is new, only that one is blamed.
# boots: 3
# timeout: 180
. /root/files/guest.sh

if [[ $BOOT == 1 ]]; then
    printf '[probation]\ntime = "2s"\n' >/etc/livepatchd/conf.d/probation.toml
    systemctl reload livepatchd.service
    put_patch "$MODULES/lp_cmdline.ko" 1_lp_cmdline.ko
    put_patch "$MODULES/lp_version.ko" 3_lp_version.ko
    for patch in lp_cmdline lp_version; do
        wait_for "$patch is applied" patch_enabled "$patch"
        wait_for "$patch is proved" patch_proved "$patch"
    done
    printf '[probation]\ntime = "10min"\n' >/etc/livepatchd/conf.d/probation.toml
    systemctl reload livepatchd.service
    put_patch "$MODULES/lp_panic.ko" 2_lp_panic.ko
    sync # the files, which a package manager would have seen to; the daemon's own are on the disk
    sleep 60
    fail "the machine lives on"
fi
for patch in lp_cmdline lp_version; do wait_for "$patch is in" patch_enabled "$patch"; done
check "really patched" proc_patched_by cmdline lp_cmdline
check "really patched" proc_patched_by version lp_version
check_equal "the other one is quarantined" quarantined "$(daemon_field lp_panic disposition)"
check_contains "and why" "the machine went down" "$(daemon_field lp_panic reason)"
check_contains "status tells" "quarantined" "$(lpctl status)"
wait_for "the history tells" eval "lpctl history lp_panic --json | jq -e 'any(.events[]; .event == \"quarantined\")'"
check_equal "nobody else is" 1 "$(jq '.state.quarantines | length' /var/lib/livepatchd/state.json)"
check_status "a check says so" 1 lpctl status --check=health
check_status "asking for it is refused" 6 lpctl apply lp_panic
take_patch 2_lp_panic.ko
wait_for "gone" daemon_says lp_panic none
put_patch "$MODULES/lp_panic.ko" 2_lp_panic.ko
put_patch "$MODULES/lp_meminfo.ko" 4_lp_meminfo.ko # shows when the daemon has done its round
wait_for "the other is in" patch_enabled lp_meminfo
check "published anew it stays out" module_absent lp_panic
check_equal "still quarantined" quarantined "$(daemon_field lp_panic disposition)"
if [[ $BOOT == 3 ]]; then
    put_patch "$MODULES/newer/lp_panic.ko" 2_lp_panic.ko
    wait_for "a new version is applied" patch_enabled lp_panic
    check "really" proc_patched_by meminfo lp_panic
    check "and stays" daemon_judges lp_panic managed
    exit 0
fi
take_patch 4_lp_meminfo.ko # what no source has any more the next boot does not bring back
