#!/bin/bash
# What happened is remembered: over a reboot, with the daemon stopped, and for those alone who may know; the journal has
# it by its ids, and the catalogue explains them.
# boots: 2
. /root/files/guest.sh

database=/var/lib/livepatchd/history.db
life='["loaded","enabled","held","disabling","disabled","removed"]'
kinds() { lpctl history lp_version --json "$@" | jq -c '[.events[].event] | reverse'; }
knows_all() { [[ $(kinds --limit 6) == "$life" ]]; }
knows() { [[ $(kinds) == "$1" ]]; }
field() { lpctl history lp_version --limit 6 --json | jq -r --arg event "$1" --arg field "$2" \
    '.events[] | select(.event == $event) | .[$field]'; }

if [[ $BOOT == 1 ]]; then
    put_patch "$MODULES/lp_version.ko"
    wait_for "applied by itself" patch_enabled lp_version
    wait_for "remembered" knows '["loaded","enabled"]'
    check_equal "by the daemon" daemon "$(field enabled trigger)"
    check_equal "and by nobody else" null "$(field enabled uid)"
    check "reverts" lpctl revert lp_version --reason "breaks the backup"
    wait_for "remembered" knows "$life"
    check_equal "by an administrator" "request 0" "$(field removed trigger) $(field removed uid)"
    check_equal "and why" "breaks the backup" "$(field disabling reason)"
    check_contains "in which unit he is" .service "$(field disabling unit)"
    check_equal "of this very file" "$(sha256sum <"$WATCHED/lp_version.ko" | cut -d' ' -f1)" "$(field removed sha256)"
    check "how long the load took" test "$(field loaded load_ms)" -gt 0
    check "and the transition" test "$(field enabled transition_ms)" -gt 0
    check_equal "which kernel" "$(uname -r)" "$(field enabled kernel)"
    check_equal "which boot" "$(</proc/sys/kernel/random/boot_id)" "$(field enabled boot_id)"

    check_equal "the database is root's alone" "600 root" "$(stat -c '%a %U' "$database")"
    check_equal "others see it without who did it" "null" \
        "$(as_user lpctl history lp_version --limit 1 --json | jq -r '.events[0].uid')"

    id=$(awk '/^-- / { id = $2 } /^Subject: .*is in effect$/ { print id }' /usr/lib/systemd/catalog/livepatchd.catalog)
    journalctl --sync
    check_equal "the journal has it by its id" "lp_version" \
        "$(journalctl -b -o json "MESSAGE_ID=$id" | jq -r '.LIVEPATCH_PATCH' | tail -n 1)"
    check_equal "with its digest" "$(field enabled sha256)" \
        "$(journalctl -b -o json "MESSAGE_ID=$id" | jq -r '.LIVEPATCH_SHA256' | tail -n 1)"
    check_contains "explained" "every task runs the patched code" "$(journalctl -b -x "MESSAGE_ID=$id")"
    journalctl --update-catalog
    check_contains "by the catalogue" "Its transition has ended" "$(journalctl -b -x "MESSAGE_ID=$id")"

    systemctl stop livepatchd.service
    check "with the daemon stopped it is read from the file" knows_all
    check_equal "that is where from" file "$(lpctl history --json | jq -r .source)"
    check_status "by root alone" 8 as_user lpctl history
    systemctl start livepatchd.service
    lpctl monitor --json >/root/monitored &
    sleep 1 # it says nothing before something happens
    check "applies" lpctl apply lp_version
    wait_for "monitor has told it" grep '"event":"enabled"' /root/monitored
    kill %1
    check "reverts again" lpctl revert lp_version
    wait_for "remembered" knows_all
    exit 0
fi

check "after the reboot it is still known" knows_all
check_equal "as of another boot" 0 "$(lpctl history lp_version --json |
    jq --arg boot "$(</proc/sys/kernel/random/boot_id)" '[.events[] | select(.boot_id == $boot)] | length')"
check_equal "all of both lives" 12 "$(lpctl history lp_version --json | jq '.events | length')"
