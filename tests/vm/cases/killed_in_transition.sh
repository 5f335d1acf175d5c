#!/bin/bash
# SIGKILL during a transition: the restarted daemon takes it over as its own, and can still revert it.
. /root/files/guest.sh

insmod "$MODULES/lp_target.ko" kthread=2
put_patch "$MODULES/lp_stall.ko"
wait_for "in transition" patch_in_transition lp_stall
old=$(systemctl show -p MainPID --value livepatchd.service)
kill -KILL "$old"
wait_for "systemd starts it anew" daemon_replaced "$old"
check "the transition runs on" patch_in_transition lp_stall
wait_for "adopted as enabling" daemon_says lp_stall enabling
check_equal "as ours" managed "$(daemon_field lp_stall disposition)"
echo 1 >/proc/lp_target/release
wait_for "it ends" patch_enabled lp_stall
wait_for "and is said to" daemon_says lp_stall enabled
check "reverts" lpctl revert lp_stall
check "nothing is left" module_absent lp_stall
