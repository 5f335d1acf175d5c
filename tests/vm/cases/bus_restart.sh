#!/bin/bash
# The message bus is killed under the daemon: both are back, the patch is there all the time, and still ours.
. /root/files/guest.sh

put_patch "$MODULES/lp_version.ko"
wait_for "applied by itself" patch_enabled lp_version
insmod "$MODULES/lp_target.ko" kthread=2
put_patch "$MODULES/lp_stall.ko"
wait_for "another one in transition" patch_in_transition lp_stall
old=$(systemctl show -p MainPID --value livepatchd.service)
systemctl kill --signal=KILL dbus.service
wait_for "another daemon" daemon_replaced "$old"
check "the patch is still there" proc_patched_by version lp_version
check "the transition runs on" patch_in_transition lp_stall
wait_for "answers on the bus" busctl get-property org.livepatchd1 /org/livepatchd1 org.livepatchd1.Manager Health
check_equal "ours" managed "$(daemon_field lp_version disposition)"
check_equal "and this one as well" managed "$(daemon_field lp_stall disposition)"
echo 1 >/proc/lp_target/release
wait_for "it ends" patch_enabled lp_stall
wait_for "and is said to" daemon_says lp_stall enabled
check "reverts" lpctl revert --all
