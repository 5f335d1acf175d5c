#!/bin/bash
# Somebody sets the clock, a year forward and back: no transition is taken for stalled, no patch for proved, nothing
# is loaded or reverted for it.
# timeout: 240
. /root/files/guest.sh

probation() {
    busctl get-property org.livepatchd1 /org/livepatchd1/patch/lp_5fversion org.livepatchd1.Patch Probation | cut -d'"' -f2
}
printf '[transition]\nstall_after = "60s"\nreverse_after = "2min"\n' >/etc/livepatchd/conf.d/transition.toml
systemctl reload livepatchd.service
put_patch "$MODULES/lp_version.ko"
wait_for "applied" patch_enabled lp_version
insmod "$MODULES/lp_target.ko" kthread=2
put_patch "$MODULES/lp_stall.ko"
wait_for "another is in transition" patch_in_transition lp_stall
for jump in "+1 year" "-2 years" "+1 year"; do
    date -s "$(date -d "$jump" +'%F %T')" >/dev/null
    sleep 3
    check "$jump: the transition goes on" patch_in_transition lp_stall
    check_not "and is not taken for stalled" eval "lpctl status | grep -q transition-stalled"
    check_equal "the other is on probation still" running "$(probation)"
    check "and in" proc_patched_by version lp_version
done
echo 1 >/proc/lp_target/release
wait_for "it ends" patch_enabled lp_stall
check "reverts" lpctl revert lp_stall
wait_for "the history has all of it, in its order" eval "[[ \$(lpctl history lp_stall --json | jq -c '[.events[].event] | reverse') == \
    '[\"loaded\",\"enabled\",\"held\",\"disabling\",\"disabled\",\"removed\"]' ]]"
systemctl restart livepatchd.service
check_equal "the state has it, too" held "$(daemon_field lp_stall disposition)"
