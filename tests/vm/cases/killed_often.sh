#!/bin/bash
# SIGKILL at random moments of applying and reverting: the next daemon's word, its record, the history and the kernel agree
# each time, and what was asked for is done or not done, but never half.
# timeout: 120 + 30 * kills
. /root/files/guest.sh

stage() { jq -r '[.state.loads[] | select(.name == "lp_version") | .stage][0] // "none"' /var/lib/livepatchd/state.json; }
# Where it is, as the history tells: that somebody wanted it out may have been told, and the daemon killed then.
newest() {
    lpctl history lp_version --json --limit 20 |
        jq -r '[.events[].event | select(IN("loaded", "enabled", "disabling", "disabled", "removed"))][0] // "none"'
}
agree() {
    if patch_enabled lp_version; then
        daemon_says lp_version enabled && daemon_judges lp_version managed && [[ $(stage) == enabled ]] &&
            [[ $(newest) =~ ^(enabled|loaded)$ ]]
    else
        module_absent lp_version && daemon_says lp_version absent && [[ $(stage) == none ]] &&
            [[ ! $(newest) =~ ^(enabled|loaded)$ ]]
    fi
}

printf '[apply]\nmode = "manual"\n' >/etc/livepatchd/conf.d/mode.toml
systemctl reload livepatchd.service
put_patch "$MODULES/lp_version.ko"
wait_for "offered" daemon_judges lp_version available
applied=0
for round in $(seq "$KILLS"); do
    pid=$(systemctl show -p MainPID --value livepatchd.service)
    verb=apply
    if patch_enabled lp_version; then verb=revert; fi
    lpctl "$verb" lp_version --no-wait >/dev/null 2>&1 &
    # As long as the verb takes on this machine, and the transition.
    moment=$((RANDOM % 1800))
    sleep "$((moment / 1000)).$(printf '%03d' $((moment % 1000)))"
    kill -KILL "$pid"
    wait $! || true
    wait_for -t 120 "round $round: killed $moment ms after $verb, another daemon" daemon_replaced "$pid"
    wait_for -t 60 "round $round: all agree" agree
    if patch_enabled lp_version; then applied=$((applied + 1)); fi
    systemctl reset-failed livepatchd.service
done
echo "figure: $KILLS kills; after $applied of them the patch was in"
if ! patch_enabled lp_version; then check "it can still be applied" lpctl apply lp_version; fi
check "really" proc_patched_by version lp_version
check "the history is whole" lpctl history --json
check_equal "and the database sound" ok "$(python3 -c 'import sqlite3
print(sqlite3.connect("/var/lib/livepatchd/history.db").execute("pragma integrity_check").fetchone()[0])')"
