#!/bin/bash
# What is mounted over a source's directory is that source, though the service has mounts of its own; and
# what was below comes back with the unmounting. No file changes in either directory meanwhile.
. /root/files/guest.sh

put_patch "$MODULES/lp_version.ko"
wait_for "applied from the directory" daemon_says lp_version enabled

other=$(mktemp -d /var/lib/kpatch/other.XXXXXX)
chmod 755 "$other"
install -m 644 "$MODULES/lp_meminfo.ko" "$other/lp_meminfo.ko"
mount --bind "$other" "$WATCHED"
wait_for "applied from what was mounted over it" daemon_says lp_meminfo enabled
check "the first one stays loaded" patch_enabled lp_version

check "reverts" lpctl revert lp_version
umount "$WATCHED"
wait_for "offered again, and held" daemon_judges lp_version held
rm -r "$other"
