#!/bin/bash
# systemctl service-log-level: what the daemon says can be changed while it runs, by root only.
. /root/files/guest.sh

level() { systemctl service-log-level livepatchd.service; }
heard() { journalctl -u livepatchd -o cat --since "@$since" | grep -q "$1"; }
wait_for "the daemon is there" lpctl status
check_equal "as it starts" info "$(level)"
check "changed" systemctl service-log-level livepatchd.service debug
check_equal "as told" debug "$(level)"
check_equal "target" journal "$(systemctl service-log-target livepatchd.service)"
since=$(date +%s)
put_patch "$MODULES/lp_version.ko"
wait_for "applied by itself" patch_enabled lp_version
wait_for "the kernel's lines are told" heard "kernel: livepatch: 'lp_version': patching complete"
check_not "no user may" as_user busctl set-property org.livepatchd1 /org/freedesktop/LogControl1 \
    org.freedesktop.LogControl1 LogLevel s err
check_equal "nor did he" debug "$(level)"
check_not "nonsense is refused" systemctl service-log-level livepatchd.service loud
check "and back" systemctl service-log-level livepatchd.service info
