#!/bin/bash
# Another process holds the history's database: nothing waits for it, it is said, and all is written when it lets go.
. /root/files/guest.sh

says() { lpctl status --json | jq -r '.health_reasons[]' | grep -q "^$1"; }
kinds() { lpctl history lp_version --json | jq -c '[.events[].event] | reverse'; }

python3 -c 'import sqlite3, time
lock = sqlite3.connect("/var/lib/livepatchd/history.db", isolation_level=None)
lock.execute("begin exclusive")
print("locked", flush=True)
time.sleep(600)' >/root/locked &
holder=$!
wait_for "locked" grep -q locked /root/locked
put_patch "$MODULES/lp_version.ko"
wait_for "a patch is applied all the same" patch_enabled lp_version
check "and reverted" lpctl revert lp_version
wait_for "it is said" says history
kill "$holder"
wait_for -t 60 "all of it is written" eval "[[ \$(kinds) == '[\"loaded\",\"enabled\",\"held\",\"disabling\",\"disabled\",\"removed\"]' ]]"
wait_for "all well" eval "[[ \$(lpctl status --json | jq -r .health) == ok ]]"
