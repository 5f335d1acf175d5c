#!/bin/bash
# SIGKILL at random moments of applying and reverting: the next daemon's word, its record and the kernel agree each
# time, and what was asked for is done or not done, but never half.
# timeout: 500
. /root/files/guest.sh

rounds=20
stage() { jq -r '[.state.loads[] | select(.name == "lp_version") | .stage][0] // "none"' /var/lib/livepatchd/state.json; }
agree() {
    if patch_enabled lp_version; then
        daemon_says lp_version enabled && daemon_judges lp_version managed && [[ $(stage) == enabled ]]
    else
        module_absent lp_version && daemon_says lp_version absent && [[ $(stage) == none ]]
    fi
}

printf '[apply]\nmode = "manual"\n' >/etc/livepatchd/conf.d/mode.toml
systemctl reload livepatchd.service
put_patch "$MODULES/lp_version.ko"
wait_for "offered" daemon_judges lp_version available
RANDOM=1
for round in $(seq $rounds); do
    pid=$(systemctl show -p MainPID --value livepatchd.service)
    verb=apply
    [[ $((round % 2)) == 1 ]] || verb=revert
    lpctl "$verb" lp_version --no-wait >/dev/null 2>&1 &
    sleep "0.$(printf '%03d' $((RANDOM % 700)))"
    kill -KILL "$pid"
    wait $! || true
    wait_for "round $round: killed in $verb, another daemon" daemon_replaced "$pid"
    wait_for "round $round: all agree" agree
    systemctl reset-failed livepatchd.service
done
check "it can still be applied" lpctl apply lp_version
check "really" proc_patched_by version lp_version
check "the history is whole" lpctl history --json
