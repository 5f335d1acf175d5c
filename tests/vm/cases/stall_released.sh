#!/bin/bash
# What holds a transition up goes away between two tries: the next one succeeds, and nobody is blamed.
# timeout: 180
. /root/files/guest.sh

printf '[transition]\nstall_after = "2s"\nreverse_after = "4s"\nretries = 3\nbackoff = "3s"\n' \
    >/etc/livepatchd/conf.d/transition.toml
systemctl reload livepatchd.service
insmod "$MODULES/lp_target.ko" kthread=2
put_patch "$MODULES/lp_stall.ko"
wait_for "in transition" patch_in_transition lp_stall
wait_for "turned round by itself" module_absent lp_stall
check_equal "to be tried again" scheduled "$(daemon_field lp_stall disposition)"
echo 1 >/proc/lp_target/release
wait_for -t 60 "tried again, and in" patch_enabled lp_stall
wait_for "known as such" daemon_judges lp_stall managed
check_equal "nobody is blamed" 0 "$(jq '.state.quarantines | length' /var/lib/livepatchd/state.json)"
check_not "nor is a stall told of any more" health_says transition-stalled
