#!/bin/bash
# A hold survives a reboot, a pause and a kill switch the daemon's restart; reverts work all the time.
# boots: 2
. /root/files/guest.sh

if [[ $BOOT == 1 ]]; then
    check "paused" lpctl pause --reason "a release"
    put_patch "$MODULES/lp_version.ko"
    wait_for "seen" daemon_says lp_version absent
    check "held" lpctl hold lp_version --reason "not on Fridays"
    systemctl restart livepatchd.service
    check_status "paused over a restart" 4 lpctl apply lp_version
    put_patch "$MODULES/lp_meminfo.ko"
    wait_for "seen" daemon_judges lp_meminfo available
    check_status "nothing is applied" 4 lpctl apply lp_meminfo
    check_equal "and that is said" "paused: a release" "$(lpctl status --json | jq -r '.health_reasons[0]')"
    check "resumed" lpctl resume
    wait_for "the other one is applied" patch_enabled lp_meminfo
    touch /etc/livepatchd/disable
    wait_for "the switch is seen" eval 'lpctl status --json | grep -q switched-off'
    check "reverts go on" lpctl revert lp_meminfo
    check_status "nothing is applied" 4 lpctl apply lp_meminfo
    rm /etc/livepatchd/disable
    check "until the switch is gone" lpctl apply lp_meminfo
fi
wait_for "the other patch is applied" patch_enabled lp_meminfo
check "the held one is not" patch_absent lp_version
check_equal "held" held "$(daemon_field lp_version disposition)"
check_equal "and why" "not on Fridays" "$(daemon_field lp_version reason)"
check_status "also when it is asked for" 4 lpctl apply lp_version
if [[ $BOOT == 2 ]]; then
    check "released" lpctl unhold lp_version
    wait_for "it is applied" patch_enabled lp_version
fi
