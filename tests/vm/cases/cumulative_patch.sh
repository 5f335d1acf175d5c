#!/bin/bash
# A cumulative patch takes the place of two that were stacked: their modules go, and do not come back.
. /root/files/guest.sh

loads() { kernel_log | grep -cF "enabling patch '$1'" || true; }

put_patch "$MODULES/lp_meminfo.ko" 10-lp_meminfo.ko
put_patch "$MODULES/lp_version.ko" 20-lp_version.ko
wait_for "the first is applied" patch_enabled lp_meminfo
wait_for "the second is applied" patch_enabled lp_version
put_patch "$MODULES/lp_cumulative.ko" 30-lp_cumulative.ko
wait_for "the cumulative one is applied" patch_enabled lp_cumulative
check "the kernel runs it" proc_patched_by cmdline lp_cumulative
check "and nothing else" eval 'proc_original version && proc_original meminfo'
for name in lp_meminfo lp_version; do
    wait_for "the module of $name is unloaded" module_absent $name
    wait_for "$name is said to be absent" daemon_says $name absent
    check_equal "and replaced" replaced "$(daemon_field $name disposition)"
    check_equal "by what" "replaced by lp_cumulative" "$(daemon_field $name reason)"
done

systemctl restart livepatchd.service
lpctl refresh
put_patch "$MODULES/lp_cmdline.ko" 40-lp_cmdline.ko # shows when the daemon has done its round
wait_for "what comes later is put on top" patch_enabled lp_cmdline
check "the cumulative one stays" patch_enabled lp_cumulative
for name in lp_meminfo lp_version lp_cumulative lp_cmdline; do
    check_equal "$name was loaded once" 1 "$(loads $name)"
done
check_equal "all is well" ok "$(lpctl status --json | jq -r .health)"

check "all reverts" lpctl revert --all
sleep 3
check_equal "and nothing comes in their place" "" "$(ls /sys/kernel/livepatch)"
