#!/bin/bash
# Hard resets at random moments of applying: state and history are whole each time, and what was tried when the machine
# went down is known: it is in again, or quarantined.
# boots: 1 + resets
# timeout: 120 + 60 * resets
. /root/files/guest.sh

known() {
    case $(daemon_field lp_version disposition) in
    managed | quarantined) return 0 ;;
    # The one before was reverted, and the machine went down before this one was tried.
    held) ! grep -q '"lp_version"' <(jq .state.loads /var/lib/livepatchd/state.json) ;;
    available) [[ $BOOT == 1 ]] || ! grep -q '"lp_version"' /var/lib/livepatchd/state.json ;;
    *) return 1 ;;
    esac
}

if [[ $BOOT == 1 ]]; then
    printf '[apply]\nmode = "manual"\n' >/etc/livepatchd/conf.d/mode.toml
    put_patch "$MODULES/lp_version.ko"
    systemctl restart livepatchd.service
    sync
fi
wait_for "the daemon is there" systemctl is-active livepatchd.service
wait_for "what was tried is known" known
check_not "nothing is damaged" eval "lpctl status --json | jq -r '.health_reasons[]' | grep -E 'damaged|not-persistent'"
lpctl history --json >/root/history.json
check "the history is whole" jq -e .events /root/history.json
[[ $BOOT == 1 ]] || echo "figure: after reset $((BOOT - 1)): $(daemon_field lp_version disposition)"
[[ $BOOT -le $RESETS ]] || exit 0
lpctl unhold lp_version >/dev/null 2>&1 || true
lpctl resume >/dev/null 2>&1 || true
if patch_enabled lp_version; then check "reverted" lpctl revert lp_version; fi
lpctl apply lp_version >/dev/null 2>&1 &
moment=$((RANDOM % 1800))
sleep "$((moment / 1000)).$(printf '%03d' $((moment % 1000)))"
reset_machine
