#!/bin/bash
# A transition that does not end is said, turned round, tried again, and given up; with what held it up gone it succeeds.
# timeout: 180
. /root/files/guest.sh

printf '[transition]\nstall_after = "2s"\nreverse_after = "4s"\nretries = 1\nbackoff = "3s"\n' \
    >/etc/livepatchd/conf.d/transition.toml
systemctl reload livepatchd.service
insmod "$MODULES/lp_target.ko" kthread=2
put_patch "$MODULES/lp_stall.ko"
wait_for "in transition" patch_in_transition lp_stall
wait_for "it is said" eval "lpctl status | grep -q transition-stalled"
wait_for "turned round by itself" module_absent lp_stall
check_equal "to be tried again" scheduled "$(daemon_field lp_stall disposition)"
wait_for "tried again" patch_in_transition lp_stall
wait_for "given up" daemon_judges lp_stall quarantined
wait_for "not there any more" module_absent lp_stall
check_contains "and why" "did not end" "$(daemon_field lp_stall reason)"
check_status "nor on request" 6 lpctl apply lp_stall
check "an admin has it tried once more" lpctl unhold lp_stall
wait_for "tried again" patch_in_transition lp_stall
wait_for "turned round" module_absent lp_stall
echo 1 >/proc/lp_target/release
wait_for "with the way free it succeeds" patch_enabled lp_stall
