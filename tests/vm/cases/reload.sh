#!/bin/bash
# systemctl reload: sources and settings change under a running daemon; what is broken is named and changes nothing.
. /root/files/guest.sh

health() { lpctl status --json | jq -r '.health_reasons[]'; }
mode_is() { [[ $(lpctl status --json | jq -r .mode) == "$1" ]]; }
pid=$(systemctl show -p MainPID --value livepatchd.service)

printf '[apply]\nmode = "manual"\n' >/etc/livepatchd/conf.d/50-test.toml
check "reloads" systemctl reload livepatchd.service
wait_for "manual" mode_is manual
mkdir -p /srv/patches
printf 'trust = "module-signature"\npath = "/srv/patches"\n' >/etc/livepatchd/repos.d/more.toml
cp "$MODULES/lp_meminfo.ko" /srv/patches/
check "reloads again" systemctl reload livepatchd.service
wait_for "the new source is read" daemon_judges lp_meminfo available
check_equal "by its name" more "$(daemon_field lp_meminfo source)"

printf '[apply]\nmoed = "automatic"\n' >/etc/livepatchd/conf.d/60-broken.toml
systemctl reload livepatchd.service
wait_for "what is broken is named by file and line" eval 'health | grep -q "^configuration: /etc/livepatchd/conf.d/60-broken.toml:2"'
check "and changes nothing" mode_is manual
check_equal "the journal tells as well" 0 "$(journalctl -u livepatchd -o cat | grep -q 60-broken.toml:2 && echo 0)"
rm /etc/livepatchd/conf.d/{50-test,60-broken}.toml
check "reloads once more" systemctl reload livepatchd.service
wait_for "automatic: applied by itself" patch_enabled lp_meminfo
check_equal "all well" "" "$(health)"
check_equal "by the same daemon" "$pid" "$(systemctl show -p MainPID --value livepatchd.service)"
check "which runs" systemctl is-active livepatchd.service
rm -rf /srv/patches
