#!/bin/bash
# The disk goes read-only, as it does after an error: said, nothing loaded by itself, reverts go on, nothing forgotten,
# and over by itself.
# cmdline: lab.own
. /root/files/guest.sh

says() { lpctl status --json | jq -r '.health_reasons[]' | grep -q "^$1: "; }
healthy() { [[ $(lpctl status --json | jq -r .health) == ok ]]; }

mkdir -p /run/patches
printf 'trust = "module-signature"\npath = "/run/patches"\n' >/etc/livepatchd/repos.d/memory.toml
systemctl reload livepatchd.service
cp "$MODULES/lp_version.ko" /run/patches/.new && mv /run/patches/.new /run/patches/lp_version.ko
wait_for "applied" patch_enabled lp_version
wait_for "all well" healthy
cp "$MODULES/lp_cmdline.ko" /run/patches/.new # read before the disk is gone
sync

echo u >/proc/sysrq-trigger
wait_for "the disk is read-only" eval "! touch /var/lib/livepatchd/x"
check "reverting works" lpctl revert lp_version
check "really" proc_original version
wait_for "it is said" says state-not-persistent
mv /run/patches/.new /run/patches/lp_cmdline.ko
wait_for "a new patch is seen" daemon_judges lp_cmdline available
check_contains "why it is not loaded" state-not-persistent "$(daemon_field lp_cmdline reason)"
check "it is not" module_absent lp_cmdline

mount -o remount,rw /
wait_for "with the disk back it is loaded" patch_enabled lp_cmdline
wait_for "all well" healthy
check_equal "and the revert was not forgotten" held "$(daemon_field lp_version disposition)"
wait_for "nor by the history" eval "lpctl history lp_version --json | jq -e 'any(.events[]; .event == \"removed\")'"
