#!/bin/bash
# Runs in the VM: several cases in one boot. The host writes this boot's list before it: CASES, a
# list of NAME:SECONDS, and MARK, which begins the lines that are for the host.
#   MARK begin NAME / MARK end NAME STATUS / MARK dirty
# After `dirty` (something could not be undone) the host gives the other cases a new machine.
set -u
GROUP=/sys/fs/cgroup/lab-case

# Everything a case starts is in a control group, so that nothing outlives it.
run_case() {
    local name=$1 limit=$2
    mkdir -p $GROUP
    (
        echo $BASHPID >$GROUP/cgroup.procs
        cd /root && exec timeout --foreground --kill-after=5 "$limit" bash "/root/files/cases/$name.sh" </dev/null
    )
}

reset_machine_state() { (. /root/files/guest.sh && reset_state); }
describe_failure() { (. /root/files/guest.sh && describe_state); }

fresh=$(reset_machine_state 2>&1) || { echo "$fresh" && exit 1; }
for entry in $CASES; do
    name=${entry%:*}
    printf '%s begin %s\n' "$MARK" "$name"
    run_case "$name" "${entry#*:}"
    status=$?
    [[ $status -ne 124 && $status -ne 137 ]] || echo "FAILED: not done after ${entry#*:} s"
    [[ $status -eq 0 ]] || describe_failure
    [[ ! -e /proc/lp_target/release ]] || echo 1 >/proc/lp_target/release
    echo 1 >$GROUP/cgroup.kill
    printf '%s end %s %d\n' "$MARK" "$name" "$status"
    if ! reset_machine_state >/dev/null 2>&1; then
        printf '%s dirty\n' "$MARK"
        exit 0
    fi
done
