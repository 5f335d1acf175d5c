#!/bin/bash
# The kernel warns of a patch's own code: it is taken out at once. What it warns of elsewhere, and a task of its
# name, is not held against it.
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
sleep 2
check "it stays" patch_enabled lp_warn
check_contains "but it is told of" "elsewhere" "$(journalctl -b -u livepatchd.service -o cat)"

cat /proc/version >/dev/null
wait_for "taken out" module_absent lp_warn
check_equal "quarantined" quarantined "$(daemon_field lp_warn disposition)"
check_contains "and why" "lp_warn_show" "$(daemon_field lp_warn reason)"
check_contains "with the kernel's words" "WARNING: CPU" "$(journalctl -b -u livepatchd.service -o cat | grep -A5 'lp_warn: the kernel reported warn')"
check_status "it is not applied again" 6 lpctl apply lp_warn

rmmod lp_warner
