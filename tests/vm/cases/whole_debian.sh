#!/bin/bash
# unmasked: yes
# timeout: 300
# The main job once more where nothing of Debian is left out: udev, logind, gettys, timers.
. /root/files/guest.sh

unit_active() { [[ $(systemctl is-active "$1") == active ]]; }

for unit in systemd-udevd.service systemd-logind.service dbus.service livepatchd.service; do
    wait_for "$unit runs" unit_active "$unit"
done
check_not "no unit of ours has failed" eval 'systemctl --failed --plain --no-legend | grep -q livepatch'
check_not "systemd had no cycle to break" eval 'journalctl -b --no-pager | grep -q "ordering cycle"'

put_patch "$MODULES/lp_version.ko"
wait_for "applied by itself" patch_enabled lp_version
check "the kernel runs the replacement" proc_patched_by version lp_version
check "root reverts" lpctl revert lp_version
check "the function is the original" proc_original version
check_status "a user is refused by polkit" 5 as_user lpctl apply lp_version
check "root applies" lpctl apply lp_version
systemctl restart livepatchd.service
wait_for "adopted by the next daemon" daemon_judges lp_version managed
check "the kernel has run it all the time" proc_patched_by version lp_version
