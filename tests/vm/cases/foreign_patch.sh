#!/bin/bash
# What another tool loaded is shown and left alone; what it disables, unloads or replaces is not loaded again.
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

# Loaded by hand again, and unloaded again with rmmod.
load_patch "$MODULES/lp_version.ko"
wait_for "what was loaded by hand is shown" daemon_judges lp_version unmanaged
sleep 2
check "and left alone" patch_enabled lp_version
unload_patch lp_version
wait_for "gone" daemon_says lp_version absent
check_equal "and held" held "$(daemon_field lp_version disposition)"

# A cumulative patch of another tool that takes the place of ours.
check "an administrator wants ours again" lpctl apply lp_version
load_patch "$MODULES/lp_cumulative.ko"
wait_for "the other tool's is shown" daemon_judges lp_cumulative unmanaged
wait_for "ours is out" proc_original version
wait_for "and its module is unloaded" module_absent lp_version
wait_for "it is said what has replaced it" daemon_judges lp_version replaced
check_contains "by name" lp_cumulative "$(daemon_field lp_version reason)"
sleep 3
check "it is not fought over" patch_enabled lp_cumulative
check "nor loaded beside it" module_absent lp_version
wait_for "the history tells" eval "lpctl history lp_version --json | jq -e '.events[0].event == \"removed\" or .events[0].event == \"replaced\"'"
unload_patch lp_cumulative
wait_for "with that gone ours is wanted again" patch_enabled lp_version
