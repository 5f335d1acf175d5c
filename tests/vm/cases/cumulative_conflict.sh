#!/bin/bash
# A cumulative patch does not replace what another tool loaded, unless an admin says so.
. /root/files/guest.sh

load_patch "$MODULES/lp_meminfo.ko"
put_patch "$MODULES/lp_cumulative.ko"
wait_for "refused" daemon_judges lp_cumulative rejected
check_status "also when it is asked for" 6 lpctl apply lp_cumulative
check "the other tool's patch stays" patch_enabled lp_meminfo
check "applied when told so" lpctl apply --replace-unmanaged lp_cumulative
check "the kernel runs it" proc_patched_by cmdline lp_cumulative
check "and not the other one" proc_original meminfo
check "whose module is left to the other tool" module_loaded lp_meminfo
