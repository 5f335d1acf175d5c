#!/bin/bash
# The lab itself: lp_stall's transition waits for the kernel thread of lp_target, and ends with it.
. /root/files/guest.sh

insmod "$MODULES/lp_target.ko" kthread=1
insmod "$MODULES/lp_stall.ko"
sleep 3
check "still in transition" patch_in_transition lp_stall
check_equal "the thread has not been switched" 0 "$(cat "/proc/$(pgrep -x lp_target)/patch_state")"
echo 1 >/proc/lp_target/release
wait_for "the transition ends" patch_enabled lp_stall
wait_for "the thread runs the replacement" grep -q "patched by lp_stall" /proc/lp_target/thread
