#!/bin/bash
# Budget: applying takes no more than 1.10 times what insmod and waiting do.
# alone: yes
# timeout: 300
. /root/files/guest.sh

python3 /root/files/measure.py apply "$MODULES/lp_version.ko"
