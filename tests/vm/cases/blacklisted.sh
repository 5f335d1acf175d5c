#!/bin/bash
# A module that the command line forbids: of several lists the kernel has the last.
# cmdline: module_blacklist=lp_version module_blacklist=lp_cmdline,lp_other
. /root/files/guest.sh

put_patch "$MODULES/lp_cmdline.ko"
wait_for "seen" eval '! daemon_says lp_cmdline none'
status=0
said=$(lpctl check lp_cmdline) || status=$?
check_equal "predicted" 1 "$status"
check_contains "in words" "command line forbids it" "$said"
status=0
said=$(lpctl apply lp_cmdline 2>&1) || status=$?
echo "$said"
check_equal "refused" 1 "$status"
check_contains "in the same words" "command line forbids it" "$said"
check "nothing is left" module_absent lp_cmdline
check_not "the kernel refuses it" insmod "$MODULES/lp_cmdline.ko"
check "as we said" kernel_said "Module lp_cmdline is blacklisted"
put_patch "$MODULES/lp_version.ko"
wait_for "another one is applied" patch_enabled lp_version
