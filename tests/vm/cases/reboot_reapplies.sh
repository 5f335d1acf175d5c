#!/bin/bash
# What was applied is applied again before the network is up: without the one that is damaged, and not held up by
# the one whose transition does not end.
# boots: 2
# timeout: 180
. /root/files/guest.sh

if [[ $BOOT == 1 ]]; then
    printf '[boot]\nper_patch = "3s"\n' >/etc/livepatchd/conf.d/boot.toml
    systemctl reload livepatchd.service
    install -D "$MODULES/lp_target.ko" "/lib/modules/$(uname -r)/updates/lp_target.ko"
    depmod
    echo lp_target >/etc/modules-load.d/lp_target.conf
    modprobe lp_target
    # In this order, which is that of their names: the first one will stall.
    put_patch "$MODULES/lp_stall.ko" 1_lp_stall.ko
    wait_for "the first is applied" patch_enabled lp_stall
    put_patch "$MODULES/lp_cmdline.ko" 2_lp_cmdline.ko
    put_patch "$MODULES/lp_meminfo.ko" 3_lp_meminfo.ko
    put_patch "$MODULES/lp_version.ko" 4_lp_version.ko
    for patch in lp_cmdline lp_meminfo lp_version; do wait_for "$patch is applied" patch_enabled "$patch"; done
    wait_for "all are stored" eval "[[ \$(ls /var/lib/livepatchd/modules/*.ko | wc -l) == 4 ]]"
    # Damaged on the disk, both of them.
    stored=/var/lib/livepatchd/modules/$(daemon_field lp_meminfo sha256).ko
    for file in "$stored" "$WATCHED/3_lp_meminfo.ko"; do
        check "is there" test -s "$file"
        printf 'x' | dd of="$file" bs=1 seek=2000 conv=notrunc status=none
    done
    echo "options lp_target kthread=2" >/etc/modprobe.d/lp_target.conf
    exit 0
fi

entered() { systemctl show -p "$2" --value "$1"; }

check "before the network" test "$(entered livepatch-reapply.service ActiveEnterTimestampMonotonic)" -le \
    "$(entered network-pre.target ActiveEnterTimestampMonotonic)"
log=$(journalctl -b -u livepatch-reapply.service -o cat)
check_contains "by the unit of the boot" "lp_cmdline: loaded" "$log"
check_contains "all of them" "lp_version: loaded" "$log"
check_contains "the stalled one was turned round" "lp_stall: its transition did not end" "$log"
check "the boot was not held up for longer than the budget" test \
    $(($(entered livepatch-reapply.service ActiveEnterTimestampMonotonic) - \
       $(entered livepatch-reapply.service InactiveExitTimestampMonotonic))) -le 32000000
check "really patched" proc_patched_by cmdline lp_cmdline
check "really patched" proc_patched_by version lp_version
check "the damaged one is not in" module_absent lp_meminfo
check_equal "and it is said" rejected "$(daemon_field lp_meminfo disposition)"
check_equal "what came in anew is on probation anew" running \
    "$(busctl get-property org.livepatchd1 /org/livepatchd1/patch/lp_5fcmdline org.livepatchd1.Patch Probation | cut -d'"' -f2)"
wait_for "the daemon tries the stalled one again" patch_in_transition lp_stall
echo 1 >/proc/lp_target/release
wait_for "and succeeds, now that the way is free" patch_enabled lp_stall
rm -f /etc/modprobe.d/lp_target.conf /etc/modules-load.d/lp_target.conf
