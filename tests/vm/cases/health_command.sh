#!/bin/bash
# The health command of an administrator, run by the real systemd: who is ill loses the patch, who cannot be asked does not.
. /root/files/guest.sh

configure() {
    printf "[probation]\ntime = \"3s\"\ncommand = '%s'\n" "$1" >/etc/livepatchd/conf.d/probation.toml
    systemctl reload livepatchd.service
}
probation() {
    busctl get-property org.livepatchd1 /org/livepatchd1/patch/lp_5fversion org.livepatchd1.Patch Probation
}

# shellcheck disable=SC2016 # for the command's own shell
configure 'id -u; for name in x lp_version; do test ${name} != x || continue; test "${LIVEPATCH}" = "$name"; done'
put_patch "$MODULES/lp_version.ko"
wait_for "applied" patch_enabled lp_version
wait_for "proved" patch_proved lp_version
journalctl --sync
users=$(journalctl -u livepatch-health.service -o cat | grep -Ex '[0-9]+' || true)
check_equal "the command ran twice" 2 "$(wc -l <<<"$users")"
while read -r user; do check "as a user of no rights" test "$user" -ge 61184 -a "$user" -le 65519; done <<<"$users"
wait_for "nothing of it is left" eval "! systemctl is-active livepatch-health.service"

configure 'exit 3'
put_patch "$MODULES/lp_cmdline.ko"
wait_for "taken out" eval "[[ \$(daemon_field lp_cmdline disposition) == quarantined ]]"
wait_for "really" module_absent lp_cmdline
check_contains "and why" "exit status 3" "$(daemon_field lp_cmdline reason)"
check "the other one stays" patch_enabled lp_version
wait_for "nothing of it is left" eval "! systemctl is-failed livepatch-health.service"

configure '/no/such/command'
put_patch "$MODULES/lp_meminfo.ko"
wait_for "applied" patch_enabled lp_meminfo
wait_for "it is said that the command cannot be run" eval "lpctl status --json | jq -e '.health_reasons[] | select(startswith(\"health-command\"))'"
sleep 5
check "which takes nothing out" patch_enabled lp_meminfo
