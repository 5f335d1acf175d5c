#!/bin/bash
# A kernel that is locked down, as with Secure Boot: what it would refuse is known and explained before the attempt.
# cmdline: lockdown=integrity
. /root/files/guest.sh

check_contains "this kernel is locked down" "[integrity]" "$(</sys/kernel/security/lockdown)"
put_patch "$MODULES/lp_cmdline.ko"
wait_for "seen" eval '! daemon_says lp_cmdline none'
status=0
said=$(lpctl check lp_cmdline) || status=$?
echo "$said"
check_equal "predicted" 6 "$status"
check_contains "in words" "locked down and does not know its signer" "$said"
check_contains "with the remedy" "mokutil --import" "$said"
status=0
said=$(lpctl apply lp_cmdline 2>&1) || status=$?
echo "$said"
check_equal "apply is refused" 6 "$status"
check_contains "in the same words" "locked down and does not know its signer" "$said"
check_equal "the kernel was never asked" 0 "$(kernel_log | grep -c "Lockdown: livepatchd" || true)"
check "nothing is left" eval 'patch_absent lp_cmdline && module_absent lp_cmdline'
status=0
insmod "$MODULES/lp_cmdline.ko" || status=$?
check "and it would have refused" test $status -ne 0
check "as we said" kernel_said "unsigned module loading is restricted"
