#!/bin/bash
# Budget: applying takes no more than 1.10 times what insmod and waiting do.
# boots: 2
# alone: yes
# timeout: 300
. /root/files/guest.sh

if [[ $BOOT == 1 ]]; then
    keep_processors_busy
else
    python3 /root/files/measure.py apply "$MODULES/lp_version.ko"
fi
