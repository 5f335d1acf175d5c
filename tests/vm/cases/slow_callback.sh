#!/bin/bash
# A load that blocks in the kernel for seconds (its callback sleeps) does not block the daemon.
. /root/files/guest.sh

put_patch "$MODULES/lp_slow.ko"
wait_for "being loaded" module_loaded lp_slow
begin=$(date +%s%N)
state=$(busctl get-property org.livepatchd1 /org/livepatchd1/patch/lp_5fslow org.livepatchd1.Patch State)
took=$((($(date +%s%N) - begin) / 1000000))
check_equal "said to be enabling" 's "enabling"' "$state"
check "answered in $took ms" test "$took" -lt 1500
wait_for "enabled in the end" patch_enabled lp_slow
wait_for "and said to be" daemon_says lp_slow enabled
