#!/bin/bash
# boots: 2
# The lab itself: what was written before a panic is there in the next boot, the patch is not.
. /root/files/guest.sh

if [[ $BOOT -eq 1 ]]; then
    load_patch "$MODULES/lp_cmdline.ko"
    check "patched before the panic" proc_patched_by cmdline lp_cmdline
    cat /proc/sys/kernel/random/boot_id >/root/boot-id
    sync
    panic_machine
fi
check "the file is there" test -s /root/boot-id
check_not "this is another boot" cmp -s /root/boot-id /proc/sys/kernel/random/boot_id
check "nothing is patched" proc_original cmdline
