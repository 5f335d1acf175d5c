#!/bin/bash
# Budget: reapplying three patches at boot takes no more than 1.10 times what a loop of insmod and waiting does.
# alone: yes
# timeout: 400
. /root/files/guest.sh

python3 /root/files/measure.py reapply "$MODULES"/{lp_cmdline,lp_meminfo,lp_version}.ko
