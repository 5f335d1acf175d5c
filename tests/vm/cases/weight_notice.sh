#!/bin/bash
# Budget: what the kernel says is on the bus within 20 ms.
# alone: yes
# timeout: 300
. /root/files/guest.sh

python3 /root/files/measure.py notice "$MODULES/lp_version.ko"
