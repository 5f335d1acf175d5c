#!/bin/bash
# What blocks a transition is seen by livepatch-tasks, for the daemon alone: stacks of kernel threads and of
# ordinary users' tasks, while the daemon itself holds no more than it needs to load. Without it nothing stops.
# timeout: 240
. /root/files/guest.sh

# list_blockers: busctl's JSON of them; blocker TID FIELD: one's own.
list_blockers() { busctl --json=short call org.livepatchd1 /org/livepatchd1 org.livepatchd1.Manager ListBlockers; }
blocker() {
    list_blockers | jq -r --argjson tid "$1" --arg field "$2" \
        '.data[0][] | select(.tid.data == $tid) | .[$field].data | if type == "array" then join(" ") else . end'
}
blocker_has() { [[ $(blocker "$1" "$2") == *"$3"* ]]; }
capabilities() { awk -v key="$2:" '$1 == key { print $2 }' "/proc/$1/status"; }
helper_pid() { systemctl show -p MainPID --value livepatch-tasks.service; }
helper_ended() { [[ $(helper_pid) == 0 ]]; }
helper_runs() { ! helper_ended; }
other_helper_than() { helper_runs && [[ $(helper_pid) != "$1" ]]; }
health_reasons() { busctl get-property org.livepatchd1 /org/livepatchd1 org.livepatchd1.Manager HealthReasons; }
all_is_seen() { [[ $(health_reasons) == "as 0" ]]; }
something_is_unseen() { health_reasons | grep -q 'tasks-unseen: .*livepatch-tasks'; }

insmod "$MODULES/lp_target.ko" kthread=2
thread=$(pgrep -x lp_target)
setpriv --reuid=user --regid=user --clear-groups cat /proc/lp_target/wait_uninterruptible >/dev/null &
wait_for "a user's process reads" pgrep -x -u user cat
reader=$(pgrep -x -u user cat)
sleep 1
check_equal "the helper does not run before it is asked" 0 "$(helper_pid)"

put_patch "$MODULES/lp_stall.ko"
wait_for "in transition" patch_in_transition lp_stall
wait_for "the kernel thread's stack" blocker_has "$thread" stack lp_target_thread_wait
check_equal "and its patched function" lp_target_thread_wait "$(blocker "$thread" function)"
check_contains "and what it waits in" lp_target "$(blocker "$thread" wchan)"
check "nothing was left unseen" all_is_seen

# The daemon holds what loading and the kernel's log need: CAP_SYS_MODULE (16), CAP_SYSLOG (34).
daemon=$(systemctl show -p MainPID --value livepatchd.service)
for set in CapEff CapPrm CapBnd; do
    check_equal "the daemon's $set" 0000000400010000 "$(capabilities "$daemon" "$set")"
done
# The helper: CAP_DAC_READ_SEARCH (2), CAP_SYS_PTRACE (19), CAP_SYS_ADMIN (21); no user of its own, no network.
wait_for "the helper runs" helper_runs
helper=$(helper_pid)
for set in CapEff CapBnd; do
    check_equal "the helper's $set" 0000000000280004 "$(capabilities "$helper" "$set")"
done
check_not "the helper is not root" test "$(awk '$1 == "Uid:" { print $3 }' "/proc/$helper/status")" = 0
check_equal "the helper has a filter on system calls" 2 "$(capabilities "$helper" Seccomp)"
check_not "the helper is not in the host's network" test \
    "$(readlink "/proc/$helper/ns/net")" = "$(readlink /proc/1/ns/net)"

# Nobody else gets an answer: a user cannot connect, and root's other processes are refused.
cat >/tmp/ask.py <<'END'
import socket
caller = socket.socket(socket.AF_UNIX)
caller.settimeout(20)
try:
    caller.connect("/run/livepatch-tasks.socket")
    caller.sendall(b"target 1\n")
    caller.shutdown(socket.SHUT_WR)
    print("answer" if caller.recv(100) else "refused")
except ConnectionError:
    print("refused")
except PermissionError:
    print("not permitted")
END
check_equal "the socket is root's" "600 root" "$(stat -c '%a %U' /run/livepatch-tasks.socket)"
check_equal "a user cannot connect" "not permitted" "$(as_user python3 /tmp/ask.py)"
check_equal "another process of root's is refused" refused "$(python3 /tmp/ask.py)"

# A helper that is stopped: the daemon gives it up, sees what it may itself, and works.
kill -STOP "$helper"
sleep 1.5
begin=$SECONDS
wait_for "the list is there" blocker_has "$thread" kind kthread
check "within its patience" test $((SECONDS - begin)) -le 10
wait_for "said to be incomplete" something_is_unseen
check "the daemon lives" systemctl is-active livepatchd.service
kill -CONT "$helper"
wait_for -t 40 "it is asked again" all_is_seen

# A helper that is killed: systemd starts the next with the next question.
wait_for "the helper runs" helper_runs
helper=$(helper_pid)
kill -KILL "$helper"
wait_for "another one answers" other_helper_than "$helper"
wait_for "with stacks" blocker_has "$thread" stack lp_target_thread_wait

check "reverted meanwhile" lpctl revert lp_stall
rm -f "$WATCHED/lp_stall.ko"
put_patch "$MODULES/lp_stall_user.ko"
wait_for "the other patch is in transition" patch_in_transition lp_stall_user
wait_for "a user's task with its stack" blocker_has "$reader" stack lp_target_reader_wait
check_equal "and its patched function" lp_target_reader_wait "$(blocker "$reader" function)"
check_equal "of the user" user "$(blocker "$reader" kind)"
check_contains "to root's lpctl as well" lp_target_reader_wait \
    "$(lpctl blockers --json | jq -c "[.tasks[] | select(.tid == $reader)][0].stack")"

echo 1 >/proc/lp_target/release
wait_for "the transition ends" patch_enabled lp_stall_user
wait_for -t 60 "the helper has ended" helper_ended
check_not "not in failure" systemctl is-failed livepatch-tasks.service
check "the socket still waits" systemctl is-active livepatch-tasks.socket
