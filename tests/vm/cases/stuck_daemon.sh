#!/bin/bash
# Reading never hangs: a second at most with the daemon stopped in its tracks.
. /root/files/guest.sh

put_patch "$MODULES/lp_version.ko"
wait_for "applied by itself" patch_enabled lp_version
pid=$(systemctl show -p MainPID --value livepatchd.service)
kill -STOP "$pid"
for verb in status list "show lp_version" blockers; do
    begin=$(date +%s%N)
    # shellcheck disable=SC2086
    lpctl $verb >/dev/null
    took=$((($(date +%s%N) - begin) / 1000000))
    check "lpctl $verb took $took ms" test "$took" -lt 1000
done
# What the kernel does meanwhile is still told.
echo 0 >/sys/kernel/livepatch/lp_version/enabled
wait_for "disabled behind its back" patch_absent lp_version
check_not "not shown as enabled" daemon_says lp_version enabled
kill -CONT "$pid"
wait_for "the daemon sees it too" module_absent lp_version
