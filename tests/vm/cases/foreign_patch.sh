#!/bin/bash
# What another tool loaded is shown and left alone; what it disables is not loaded again.
. /root/files/guest.sh

load_patch "$MODULES/lp_cmdline.ko"
wait_for "seen" daemon_says lp_cmdline enabled
check_equal "unmanaged" unmanaged "$(daemon_field lp_cmdline disposition)"
systemctl restart livepatchd.service
check_equal "still unmanaged after a restart" unmanaged "$(daemon_field lp_cmdline disposition)"
check "all reverted: but not this one" lpctl revert --all
check "the kernel still runs it" proc_patched_by cmdline lp_cmdline
unload_patch lp_cmdline
wait_for "gone from the report" daemon_says lp_cmdline none

# A patch of ours that somebody disables behind our back.
put_patch "$MODULES/lp_version.ko"
wait_for "applied by itself" patch_enabled lp_version
echo 0 >/sys/kernel/livepatch/lp_version/enabled
wait_for "the leftover module is removed" module_absent lp_version
sleep 3
check "it is not fought over" module_absent lp_version
check_equal "held" held "$(daemon_field lp_version disposition)"
