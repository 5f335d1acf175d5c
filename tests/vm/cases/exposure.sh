#!/bin/bash
# Budget: the unit as it is installed, and as all the other cases run it, is confined.
. /root/files/guest.sh

said=$(systemd-analyze security --no-pager livepatchd.service | tail -n 1)
echo "figure: ${said#→ }"
check "that of the boot, too" systemd-analyze security --no-pager --threshold=20 livepatch-reapply.service
check_equal "no drop-in confines it further" "" "$(systemctl show -p DropInPaths --value livepatchd.service)"
check "exposure at most 2.0" systemd-analyze security --no-pager --threshold=20 livepatchd.service
