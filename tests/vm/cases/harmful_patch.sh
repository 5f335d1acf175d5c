#!/bin/bash
# The kernel warns of a patch's own code: it is taken out at once. What it warns of elsewhere, and a task of its
# name, are not held against it.
. /root/files/guest.sh

put_patch "$MODULES/lp_warn.ko"
wait_for "applied" patch_enabled lp_warn
wait_for "the daemon knows" daemon_says lp_warn enabled

insmod "$MODULES/lp_warner.ko"
cat /proc/lp_warner >/dev/null
wait_for "the kernel has warned of another module" kernel_said "WARNING: CPU"
cp /bin/sleep /tmp/lp_warn
/tmp/lp_warn 60 &
kill -SEGV $!
echo "RIP: 0010:lp_warn_show+0x1/0x2 [lp_warn]" >/dev/kmsg
printf 'WARNING: CPU: 0 PID: 1 at x.c:1 lp_warn_show+0x1/0x2 [lp_warn]' >/dev/kmsg
# A task of that name that hangs, and the kernel says so.
insmod "$MODULES/lp_target.ko"
rm -f /tmp/lp_warn
cp /bin/cat /tmp/lp_warn
sysctl -q kernel.hung_task_timeout_secs=2
/tmp/lp_warn /proc/lp_target/wait_uninterruptible >/dev/null &
wait_for -t 60 "the kernel complains of the task" kernel_said "INFO: task lp_warn"
echo 1 >/proc/lp_target/release
sysctl -q kernel.hung_task_timeout_secs=120
sleep 2
check "it stays" patch_enabled lp_warn
check_contains "but it is told of" "elsewhere" "$(journalctl -b -u livepatchd.service -o cat)"

cat /proc/version >/dev/null
wait_for "taken out" module_absent lp_warn
check_equal "quarantined" quarantined "$(daemon_field lp_warn disposition)"
check_contains "and why" "lp_warn_show" "$(daemon_field lp_warn reason)"
check_contains "with the kernel's words" "WARNING: CPU" "$(journalctl -b -u livepatchd.service -o cat | grep -A5 'lp_warn: the kernel reported warn')"
wait_for "the history has the evidence" eval "lpctl history lp_warn --json |
    jq -e 'any(.events[]; .event == \"harmful\" and (.kernel_log | join(\" \") | contains(\"WARNING: CPU\")))'"
check_status "it is not applied again" 6 lpctl apply lp_warn

rmmod lp_warner lp_target
