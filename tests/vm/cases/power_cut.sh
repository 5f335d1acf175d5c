#!/bin/bash
# The power goes while good patches are on probation again: they are in again afterwards, but not after three times.
# boots: 5
# timeout: 240
. /root/files/guest.sh

if [[ $BOOT == 1 ]]; then
    printf '[probation]\ntime = "2s"\n' >/etc/livepatchd/conf.d/probation.toml
    systemctl reload livepatchd.service
    put_patch "$MODULES/lp_cmdline.ko"
    put_patch "$MODULES/lp_version.ko"
    for patch in lp_cmdline lp_version; do
        wait_for "$patch is applied" patch_enabled "$patch"
        wait_for "$patch is proved" patch_proved "$patch"
    done
    printf '[probation]\ntime = "10min"\n' >/etc/livepatchd/conf.d/probation.toml
    sync
    exit 0
fi
if [[ $BOOT -le 4 ]]; then
    for patch in lp_cmdline lp_version; do wait_for "$patch is in" patch_enabled "$patch"; done
    check "really patched" proc_patched_by cmdline lp_cmdline
    sync
    reset_machine
fi
wait_for "the daemon is there" systemctl is-active livepatchd.service
check "nothing is loaded any more" patch_absent lp_cmdline
check_contains "and it is said" "boot-loop" "$(lpctl status)"
check "an admin says go on" lpctl resume
wait_for "in again" patch_enabled lp_cmdline
