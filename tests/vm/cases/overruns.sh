#!/bin/bash
# The kernel's log and its events overtake a daemon that is not there to read them: it notices what it missed.
. /root/files/guest.sh

# More than the log's buffer holds, as fast as possible.
flood_log() {
    python3 -c 'import os
log = os.open("/dev/kmsg", os.O_WRONLY)
for _ in range(4000):
    os.write(log, b"x" * 900)'
}
# More events than a socket holds (net.core.rmem_max), of modules that do not even change.
flood_events() {
    local i module
    for ((i = 0; i < 10; i++)); do
        for module in /sys/module/*/uevent; do echo add >"$module"; done
    done
}
echo on >/proc/sys/kernel/printk_devkmsg
systemctl service-log-level livepatchd.service debug
insmod "$MODULES/lp_target.ko" kthread=2
put_patch "$MODULES/lp_stall.ko"
wait_for "in transition" patch_in_transition lp_stall
wait_for "and said to be" daemon_says lp_stall enabling
busctl monitor --json=short org.livepatchd1 >/root/signals 2>/dev/null &
monitor=$!
sleep 1

pid=$(systemctl show -p MainPID --value livepatchd.service)
kill -STOP "$pid"
echo 1 >/proc/lp_target/release
wait_for "the transition ends while nobody looks" patch_enabled lp_stall
flood_log
check_not "the kernel's word about it is lost" kernel_said "'lp_stall': patching complete"
flood_events
kill -CONT "$pid"
wait_for "announced all the same" grep -q '"State":{"type":"s","data":"enabled"}' /root/signals
check "said so" daemon_says lp_stall enabled
kill $monitor
wait_for "it knows what it missed" eval 'journalctl -u livepatchd -o cat | grep -q "log has overtaken us"'
wait_for "events too" eval 'journalctl -u livepatchd -o cat | grep -q "kernel events were lost"'
check_equal "health" ok "$(lpctl status --json | jq -r .health)"

# And while the flood lasts.
flood_log &
flood=$!
put_patch "$MODULES/lp_version.ko"
wait_for "applied during a flood" patch_enabled lp_version
wait_for "and said to be" daemon_says lp_version enabled
kill $flood 2>/dev/null || true
wait $flood || true
check_equal "it is the same daemon" "$pid" "$(systemctl show -p MainPID --value livepatchd.service)"
