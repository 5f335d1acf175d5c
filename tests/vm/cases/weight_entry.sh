#!/bin/bash
# How long from a file moved in to the load; and from a start to READY. Printed, without a budget.
# alone: yes
# timeout: 300
. /root/files/guest.sh

python3 /root/files/measure.py entry "$MODULES/lp_version.ko"
python3 /root/files/measure.py start "$MODULES/lp_version.ko"
