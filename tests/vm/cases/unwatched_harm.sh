#!/bin/bash
# What the kernel complains of while no daemon runs is read by the next one: after a stop, a SIGKILL, and between
# the boot's reapplying and the daemon's start.
# boots: 2
. /root/files/guest.sh

harm() {
    cat /proc/version >/dev/null
    check "the kernel has warned" kernel_said "lp_warn_show"
    check "and nobody acted" patch_enabled lp_warn
}
taken_out() {
    wait_for "$1: taken out" module_absent lp_warn
    check_equal "quarantined" quarantined "$(daemon_field lp_warn disposition)"
    check_contains "and why" lp_warn_show "$(daemon_field lp_warn reason)"
}

if [[ $BOOT == 1 ]]; then
    put_patch "$MODULES/lp_warn.ko"
    wait_for "applied" patch_enabled lp_warn
    wait_for "the daemon knows" daemon_says lp_warn enabled
    systemctl stop livepatchd.service
    harm
    systemctl start livepatchd.service
    taken_out "after a stop"

    check "let in once more" lpctl unhold lp_warn
    wait_for "applied again, for all that was printed before" patch_enabled lp_warn
    wait_for "the daemon knows" daemon_says lp_warn enabled
    systemctl restart livepatchd.service
    check "nor does a restart hold it against it" daemon_judges lp_warn managed
    pid=$(systemctl show -p MainPID --value livepatchd.service)
    kill -KILL "$pid"
    cat /proc/version >/dev/null
    wait_for "systemd starts it anew" daemon_replaced "$pid"
    taken_out "after a kill"

    check "let in once more" lpctl unhold lp_warn
    wait_for "applied again" patch_enabled lp_warn
    wait_for "the daemon knows" daemon_says lp_warn enabled
    wait_for "stored" eval "compgen -G '/var/lib/livepatchd/modules/*.ko'"
    systemctl disable livepatchd.service
    exit 0
fi
# Nothing but the network and the daemon waits for it.
wait_for "the boot's reapplying is over" systemctl is-active livepatch-reapply.service
check "it applied the patch again" patch_enabled lp_warn
check_not "no daemon runs yet" systemctl is-active livepatchd.service
harm
systemctl start livepatchd.service
taken_out "at boot"
