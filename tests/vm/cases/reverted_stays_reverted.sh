#!/bin/bash
# An admin's word stands: over a restart of the daemon and over a reboot, though the file still lies there.
# boots: 2
. /root/files/guest.sh

if [[ $BOOT == 1 ]]; then
    put_patch "$MODULES/lp_version.ko"
    wait_for "applied by itself" patch_enabled lp_version
    check "reverts" lpctl revert lp_version --reason "breaks the backup"
    systemctl restart livepatchd.service
fi
put_patch "$MODULES/lp_meminfo.ko" # shows when the daemon has done its round
wait_for "the other patch is applied" patch_enabled lp_meminfo
check "the reverted one is not" patch_absent lp_version
check_equal "held" held "$(daemon_field lp_version disposition)"
check_equal "and why" "breaks the backup" "$(daemon_field lp_version reason)"
