#!/bin/bash
# The kernel's argument switches all loading off, for whoever cannot reach a shell.
# cmdline: livepatchd.apply=0
. /root/files/guest.sh

put_patch "$MODULES/lp_version.ko"
wait_for "seen" daemon_judges lp_version available
check_status "nothing is applied" 4 lpctl apply lp_version
check "and that is said" eval 'lpctl status | grep -q "livepatchd.apply=0"'
check "nothing is patched" proc_original version
