#!/bin/bash
# The main job: a patch that appears in the directory is applied by itself, said to be so, and reverted on request.
. /root/files/guest.sh

before=$(</proc/version)
put_patch "$MODULES/lp_version.ko"
wait_for "applied by itself" patch_enabled lp_version
check "the kernel runs the replacement" proc_patched_by version lp_version
wait_for "the daemon says so" daemon_says lp_version enabled
check_equal "disposition" managed "$(daemon_field lp_version disposition)"
check_equal "digest of the very file" "$(sha256sum <"$WATCHED/lp_version.ko" | cut -d' ' -f1)" "$(daemon_field lp_version sha256)"
check_equal "apply again is success" 0 "$(lpctl apply lp_version >/dev/null && echo 0)"

check "reverts" lpctl revert lp_version
check "the kernel has let it go" patch_absent lp_version
check "the module is unloaded" module_absent lp_version
check_equal "the function is the original" "$before" "$(</proc/version)"
check_equal "held" held "$(daemon_field lp_version disposition)"
check "reverting again is success" lpctl revert lp_version

check "applies again by name" lpctl apply lp_version
check "and the kernel runs it" proc_patched_by version lp_version
