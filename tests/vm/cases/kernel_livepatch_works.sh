#!/bin/bash
# The lab itself: a test livepatch changes what the kernel answers, and disabling undoes it.
. /root/files/guest.sh

before=$(</proc/cmdline)
load_patch "$MODULES/lp_cmdline.ko"
check "the kernel runs the replacement" proc_patched_by cmdline lp_cmdline
unload_patch lp_cmdline
check_equal "the kernel runs the original again" "$before" "$(</proc/cmdline)"
