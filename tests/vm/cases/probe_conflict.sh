#!/bin/bash
# A kprobe with a post handler sits on the function: the conflict is named with the probe, before and after the
# attempt; once it is removed the patch is applied.
. /root/files/guest.sh

printf '[apply]\nmode = "manual"\n' >/etc/livepatchd/conf.d/mode.toml
systemctl reload livepatchd.service
put_patch "$MODULES/lp_cmdline.ko"
wait_for "seen" daemon_judges lp_cmdline available
insmod "$MODULES/lp_probe.ko"
cat /sys/kernel/debug/kprobes/list
grep cmdline_proc_show /sys/kernel/tracing/enabled_functions

status=0
said=$(lpctl check lp_cmdline) || status=$?
echo "$said"
check_equal "predicted" 1 "$status"
check_contains "with the probe" "kprobe at cmdline_proc_show+0x" "$said"
check_contains "and what to do" "remove the probe" "$said"
check_equal "as a program reads it" function-users \
    "$(lpctl check lp_cmdline --json | jq -r '.checks[] | select(.outcome == "failed").name')"
check_not "who may not inspect is not told which" \
    eval 'as_user lpctl check lp_cmdline | grep -q "cmdline_proc_show+0x"'

status=0
said=$(lpctl apply lp_cmdline 2>&1) || status=$?
echo "$said"
check_equal "refused" 1 "$status"
check_contains "explained with the probe" "kprobe at cmdline_proc_show+0x" "$said"
check_contains "and the kernel's own line" "failed to register ftrace handler" "$said"
check "nothing is left" module_absent lp_cmdline

rmmod lp_probe
check_status "without it it would be loaded" 0 lpctl check lp_cmdline
check_status "and is" 0 lpctl apply lp_cmdline
check "the kernel runs it" proc_patched_by cmdline lp_cmdline
