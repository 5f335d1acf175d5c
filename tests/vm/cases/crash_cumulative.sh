#!/bin/bash
# A cumulative patch that brings the machine down gives way, at the next boot and before the network, to the good one
# whose place it had taken.
# boots: 2
. /root/files/guest.sh

if [[ $BOOT == 1 ]]; then
    printf '[probation]\ntime = "2s"\n' >/etc/livepatchd/conf.d/probation.toml
    systemctl reload livepatchd.service
    put_patch "$MODULES/lp_cumulative.ko" 1_lp_cumulative.ko
    wait_for "the first one is applied" patch_enabled lp_cumulative
    wait_for "and proved" patch_proved lp_cumulative
    printf '[probation]\ntime = "10min"\n' >/etc/livepatchd/conf.d/probation.toml
    systemctl reload livepatchd.service
    put_patch "$MODULES/lp_panic_cumulative.ko" 2_lp_panic_cumulative.ko
    sync # the file, which a package manager would have seen to; the daemon's own are on the disk
    sleep 60
    fail "the machine lives on"
fi
wait_for "the good one is in" patch_enabled lp_cumulative
check "it runs" proc_patched_by cmdline lp_cumulative
log=$(journalctl -b -u livepatch-reapply.service -o cat)
check_contains "by the unit of the boot" "lp_cumulative: loaded" "$log"
check_equal "the other one is quarantined" quarantined "$(daemon_field lp_panic_cumulative disposition)"
check "and not in" module_absent lp_panic_cumulative
