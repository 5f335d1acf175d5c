#!/bin/bash
# The kernel itself: an open directory of /proc stays with its task, also when another one gets its id. That is what
# keeps a report on a task from being one on two.
. /root/files/guest.sh

sleep 1000 &
first=$!
exec {directory}<"/proc/$first"
check_equal "it can be read there" sleep "$(cat "/proc/$$/fd/$directory/comm")"
kill "$first"
wait "$first" || true
other=0
for _ in {1..50}; do
    echo $((first - 1)) >/proc/sys/kernel/ns_last_pid
    tail -f /dev/null &
    other=$!
    [[ $other != "$first" ]] || break
    kill "$other"
done
check_equal "the id is used again" "$first" "$other"
wait_for "by another task" eval "[[ \$(cat /proc/$other/comm) == tail ]]"
check_not "the directory is empty" cat "/proc/$$/fd/$directory/comm"
check_not "and stays so" cat "/proc/$$/fd/$directory/patch_state"
kill "$other"
