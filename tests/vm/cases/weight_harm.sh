#!/bin/bash
# Budget: from the kernel's warning to the beginning of the revert at most 500 ms, both by the kernel's own clock.
# alone: yes
. /root/files/guest.sh

put_patch "$MODULES/lp_warn.ko"
wait_for "applied" patch_enabled lp_warn
wait_for "the daemon knows" daemon_says lp_warn enabled
sleep 5 # until nothing else goes on
cat /proc/version >/dev/null
wait_for "taken out" module_absent lp_warn
seconds_of() { dmesg | grep -F -- "$1" | head -1 | sed -E 's/^\[ *([0-9.]+)\].*/\1/'; }
took=$(awk "BEGIN { print 1000 * ($(seconds_of "livepatch: 'lp_warn': starting unpatching transition") - $(seconds_of "WARNING: CPU")) }")
echo "figure: from the warning to the beginning of the revert: $took ms (budget 500)"
check "within the budget" awk "BEGIN { exit !($took <= 500) }"
