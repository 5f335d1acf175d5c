#!/bin/bash
# .ko.xz, .ko.zst and .ko.gz, on a kernel that can load none of them compressed.
. /root/files/guest.sh

for suffix in xz zst gz; do
    put_patch "$MODULES/compressed/lp_meminfo.ko.$suffix"
    wait_for "$suffix: applied" patch_enabled lp_meminfo
    check "$suffix: the kernel runs it" grep -q "patched by lp_meminfo" /proc/meminfo
    check "$suffix: reverts" lpctl revert lp_meminfo
    take_patch "lp_meminfo.ko.$suffix"
    wait_for "$suffix: gone" daemon_says lp_meminfo none
    # The same module: its hold would keep the next one out.
    systemctl stop livepatchd.service
    rm -f /var/lib/livepatchd/state.json*
    systemctl start livepatchd.service
done
