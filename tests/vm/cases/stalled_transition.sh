#!/bin/bash
# A kernel thread sleeps in the patched function: the transition is shown as what it is, with its blocker, and
# can be taken back.
. /root/files/guest.sh

insmod "$MODULES/lp_target.ko" kthread=2
thread=$(pgrep -x lp_target)
put_patch "$MODULES/lp_stall.ko"
wait_for "in transition" patch_in_transition lp_stall
wait_for "shown as enabling" daemon_says lp_stall enabling
sleep 4
check "never shown as enabled" daemon_says lp_stall enabling
check_status "status --check says in transition" 11 lpctl status --check
wait_for "the blocker is the kernel thread" eval \
    "lpctl blockers --json | jq -e '.patch == \"lp_stall\" and any(.tasks[]; .tid == $thread and .kind == \"kthread\")'"
check_equal "advice is given" true "$(lpctl blockers --json | jq "[.tasks[] | select(.tid == $thread)][0].advice | length > 10")"
check_contains "for people too" "$thread" "$(lpctl blockers)"
check_status "apply --timeout gives up waiting" 7 lpctl apply lp_stall --timeout 2s
systemctl stop livepatchd.service
check_contains "blockers without the daemon" "$thread" "$(lpctl blockers)"
check "and state" daemon_says lp_stall enabling
systemctl start livepatchd.service
wait_for "adopted" daemon_says lp_stall enabling
check "reverted" lpctl revert lp_stall
check "nothing is left" module_absent lp_stall
check_equal "held" held "$(daemon_field lp_stall disposition)"
