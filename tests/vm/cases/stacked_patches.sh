#!/bin/bash
# Two patches that patch different functions: both applied, one after the other, and reverted in any order.
. /root/files/guest.sh

put_patch "$MODULES/lp_meminfo.ko" 10-lp_meminfo.ko
put_patch "$MODULES/lp_version.ko" 20-lp_version.ko
wait_for "the first is applied" patch_enabled lp_meminfo
wait_for "the second is applied" patch_enabled lp_version
check "both run" eval 'proc_patched_by version lp_version && grep -q "patched by lp_meminfo" /proc/meminfo'
first=$(kernel_log | grep -nF "enabling patch 'lp_meminfo'" | cut -d: -f1)
second=$(kernel_log | grep -nF "enabling patch 'lp_version'" | cut -d: -f1)
check "in the order of the file names" test "$first" -lt "$second"

check "the older one reverts" lpctl revert lp_meminfo
check "and the newer one stays" proc_patched_by version lp_version
check "all revert" lpctl revert --all
check "nothing is left" eval 'module_absent lp_meminfo && module_absent lp_version'
