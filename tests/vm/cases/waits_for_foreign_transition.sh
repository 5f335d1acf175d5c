#!/bin/bash
# The kernel allows one transition at a time. While another tool's runs, ours waits, and then succeeds.
. /root/files/guest.sh

insmod "$MODULES/lp_target.ko" kthread=2
insmod "$MODULES/lp_stall.ko"
check "a foreign transition runs" patch_in_transition lp_stall
put_patch "$MODULES/lp_version.ko"
wait_for "ours is seen, and is to be applied" daemon_judges lp_version scheduled
lpctl apply lp_version &
sleep 3
check "ours waits" patch_absent lp_version
echo 1 >/proc/lp_target/release
wait_for "the foreign transition ends" patch_enabled lp_stall
wait_for "ours follows" patch_enabled lp_version
check "and its caller is told" wait "$!"
check "the kernel runs it" proc_patched_by version lp_version
