#!/bin/bash
# What only its publisher knows of a patch: which states of the system it changes, so that the kernel would refuse what
# does not know them, and that it cannot be taken out without harm.
. /root/files/guest.sh

REPOSITORY=/srv/lp

add() { # ID NAME [OPTION]...
    lprepo add "$REPOSITORY" "$MODULES/$2.ko" --id "$1" --severity important "${@:3}" >/dev/null
}
rm -rf "$REPOSITORY"
lprepo init "$REPOSITORY" --no-passphrase >/dev/null
add LP-1 lp_state_1 --state 42:2
add LP-2 lp_state_2 --state 42:1
add LP-3 lp_version --irreversible
lprepo publish "$REPOSITORY" >/dev/null
cp "$REPOSITORY/metadata/1.root.json" /etc/livepatchd/trust/corp.root.json
cat >/etc/livepatchd/repos.d/corp.toml <<END
url = "file://$REPOSITORY"
root = "/etc/livepatchd/trust/corp.root.json"
END
systemctl reload livepatchd.service

# --- states ---------------------------------------------------------------------------------------------------

wait_for "the first one is applied" patch_enabled lp_state_1
wait_for "of the second one it is known" daemon_judges lp_state_2 rejected
check_status "that it would not load" 6 lpctl check lp_state_2
check "and why" grep -q "cannot take over the states of lp_state_1\|take over what lp_state_1" \
    <(lpctl check lp_state_2 2>&1)
check_status "nor is it tried when somebody asks" 6 lpctl apply lp_state_2
check_not "of which the kernel has seen nothing" grep -q "lp_state_2.*not compatible" <(dmesg)
check_not "it would have refused it" insmod "$MODULES/lp_state_2.ko"
wait_for "as it says" grep -q "lp_state_2.*not compatible" <(dmesg)
check "the first one goes" lpctl revert lp_state_1
wait_for "so that the second one comes" patch_enabled lp_state_2

# --- what cannot be taken out ---------------------------------------------------------------------------------

wait_for "one that cannot be taken out again" patch_enabled lp_version
check_status "is not, when somebody asks" 6 lpctl revert lp_version
check "and stays" patch_enabled lp_version
check "held" daemon_judges lp_version held
wait_for "a reboot is wanted for it" grep -q "^irreversible: lp_version" /run/livepatchd/reboot-needed
check_equal "for whoever asks" true "$(lpctl status --json | jq .reboot_needed)"
echo 0 >/sys/kernel/livepatch/lp_version/enabled
wait_for "who knows better takes it out himself" patch_absent lp_version
wait_for "and no reboot is wanted" test ! -e /run/livepatchd/reboot-needed
