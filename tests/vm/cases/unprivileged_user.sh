#!/bin/bash
# Reading is free, changing is not: polkit refuses an ordinary user, and the kernel stays as it was.
. /root/files/guest.sh

put_patch "$MODULES/lp_version.ko"
wait_for "applied by itself" patch_enabled lp_version
check_status "revert by a user" 5 as_user lpctl revert lp_version
check "the patch is still there" proc_patched_by version lp_version
check "the user sees it" eval 'as_user lpctl status | grep -q lp_version'
check "root reverts" lpctl revert lp_version
check_status "apply by a user" 5 as_user lpctl apply lp_version
check "nothing was loaded" module_absent lp_version
systemctl stop livepatchd.service
check_status "without the daemon" 8 lpctl apply lp_version
check "status without the daemon" eval 'as_user lpctl status --json | jq -e ".daemon == \"absent\""'
systemctl start livepatchd.service
