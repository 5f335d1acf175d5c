#!/bin/bash
# An older version that was asked for stays, over a reboot, until it is released.
# boots: 2
. /root/files/guest.sh

if [[ $BOOT == 1 ]]; then
    put_patch "$MODULES/lp_cumulative.ko"
    put_patch "$MODULES/lp_cumulative_2.ko"
    wait_for "the newest is applied by itself" patch_enabled lp_cumulative_2
    check "the older one, on request" lpctl apply lp_cumulative
    check "the kernel runs it" proc_patched_by cmdline lp_cumulative
    wait_for "the newest is gone" module_absent lp_cumulative_2
    systemctl restart livepatchd.service
fi
put_patch "$MODULES/lp_meminfo.ko" 00-lp_meminfo.ko # older still
lpctl refresh
wait_for "the older one is there" patch_enabled lp_cumulative
sleep 2
check "pinned" eval 'lpctl show lp_cumulative --json | grep -q pinned'
check "the newest is not" patch_absent lp_cumulative_2
if [[ $BOOT == 2 ]]; then
    check "released" lpctl unhold lp_cumulative
    wait_for "the newest is applied" patch_enabled lp_cumulative_2
    wait_for "the older one is gone" module_absent lp_cumulative
fi
