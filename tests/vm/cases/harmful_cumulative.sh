#!/bin/bash
# A cumulative patch that does harm gives way to the last one that was good, and not to none; also when its source has
# no other than the newest.
. /root/files/guest.sh

printf '[probation]\ntime = "2s"\n' >/etc/livepatchd/conf.d/probation.toml
systemctl reload livepatchd.service
put_patch "$MODULES/lp_cumulative_2.ko"
wait_for "the older one is in" patch_enabled lp_cumulative_2
wait_for "and proved" patch_proved lp_cumulative_2
printf '[probation]\ntime = "10min"\n' >/etc/livepatchd/conf.d/probation.toml
systemctl reload livepatchd.service
put_patch "$MODULES/lp_cumulative_3.ko"
wait_for "the newer one is in" patch_enabled lp_cumulative_3
wait_for "the older one has gone" module_absent lp_cumulative_2
check "it did no harm so far" daemon_says lp_cumulative_3 enabled
rm "$WATCHED/lp_cumulative_2.ko"
wait_for "the daemon has seen that" eval "! lpctl list --json | jq -e '.patches[] | select(.name == \"lp_cumulative_2\" and
    .source != \"\")'"
cat /proc/version >/dev/null
wait_for "the older one is in again" patch_enabled lp_cumulative_2
check "really" proc_patched_by cmdline lp_cumulative_2
wait_for "the newer one has gone" module_absent lp_cumulative_3
check_equal "and is quarantined" quarantined "$(daemon_field lp_cumulative_3 disposition)"
