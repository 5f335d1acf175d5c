#!/bin/bash
# A patch whose pre-patch callback fails: reported with the kernel's own line, and nothing is left behind.
. /root/files/guest.sh

put_patch "$MODULES/lp_prefail.ko"
wait_for "tried and refused" kernel_said "pre-patch callback failed for object"
wait_for "rejected" daemon_judges lp_prefail rejected
check "nothing is left in the kernel" eval 'patch_absent lp_prefail && module_absent lp_prefail'
status=0
said=$(lpctl apply lp_prefail 2>&1) || status=$?
check_equal "apply fails" 1 "$status"
check_contains "with the kernel's line" "pre-patch callback failed for object" "$said"
tried=$(kernel_log | grep -cF "enabling patch 'lp_prefail'")
sleep 3
check_equal "it is not tried over and over" "$tried" "$(kernel_log | grep -cF "enabling patch 'lp_prefail'")"
check_contains "the journal tells" "pre-patch callback failed" "$(journalctl -u livepatchd -o cat)"
put_patch "$MODULES/lp_version.ko"
wait_for "the next patch is not kept from it" patch_enabled lp_version
