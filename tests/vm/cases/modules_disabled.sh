#!/bin/bash
# Loading of modules is switched off until reboot: said before the attempt, and that it cannot be undone.
. /root/files/guest.sh

printf '[apply]\nmode = "manual"\n' >/etc/livepatchd/conf.d/mode.toml
systemctl reload livepatchd.service
put_patch "$MODULES/lp_cmdline.ko"
wait_for "seen" daemon_judges lp_cmdline available
sysctl -q kernel.modules_disabled=1
status=0
said=$(lpctl check lp_cmdline) || status=$?
check_equal "predicted" 9 "$status"
check_contains "in words" "kernel.modules_disabled" "$said"
check_contains "with what helps" "until reboot" "$said"
check_status "the host as such" 9 lpctl check
status=0
said=$(lpctl apply lp_cmdline 2>&1) || status=$?
echo "$said"
check_equal "refused" 9 "$status"
check_contains "in the same words" "kernel.modules_disabled" "$said"
check "nothing is left" module_absent lp_cmdline
check_not "the kernel refuses it" insmod "$MODULES/lp_cmdline.ko"
