#!/bin/bash
# Budget: at rest the daemon takes little memory, and nothing wakes it but the watchdog.
# timeout: 240
. /root/files/guest.sh

python3 /root/files/measure.py rest "$MODULES/lp_version.ko"
