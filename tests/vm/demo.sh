#!/bin/bash
# The demo's half inside the VM: every command is shown with its output.
. /root/files/guest.sh
MODULES=/root/files/6.1
export COLUMNS=100

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() {
    printf '\033[36m# %s\033[0m\n' "$*"
    "$@"
}

title "A host with a kernel that needs a patch. The daemon runs and trusts one publisher's key."
install -D -m 644 "$MODULES/trusted.pem" /etc/livepatchd/module-keys.d/publisher.pem
show cat /proc/version
show lpctl status
before=$(</proc/version)

# A kernel thread sleeps in a function that the patch changes: the transition waits for it.
insmod "$MODULES/lp_target.ko" kthread=2

title "The patch is moved into the watched directory. Nobody tells the daemon."
mkdir -p "$WATCHED"
cp "$MODULES/lp_demo.ko" "$WATCHED/.incoming"
show mv "$WATCHED/.incoming" "$WATCHED/lp_demo.ko"
wait_for "the kernel has the patch" test -e /sys/kernel/livepatch/lp_demo >/dev/null
title "During the transition: the kernel moves over one task after the other. One of them sleeps."
during=$(lpctl status)
printf '\033[36m# lpctl status\033[0m\n%s\n' "$during"
grep -q enabling <<<"$during"
show lpctl blockers
echo 1 >/proc/lp_target/release
wait_for "the transition ends" patch_enabled lp_demo >/dev/null
title "It wakes up."
wait_for "the daemon says so" daemon_says lp_demo enabled >/dev/null
show lpctl status
show cat /proc/version
proc_patched_by version lp_demo

title "A patch that was changed after it was signed. The kernel would load it; the daemon does not."
cp "$MODULES/tampered/lp_cmdline.ko" "$WATCHED/.incoming"
show mv "$WATCHED/.incoming" "$WATCHED/lp_cmdline.ko"
wait_for "the daemon has judged it" daemon_judges lp_cmdline rejected >/dev/null
status=0
show lpctl apply lp_cmdline || status=$?
printf '(exit status %d)\n' "$status"
[[ $status -eq 6 && ! -e /sys/module/lp_cmdline ]]
rm "$WATCHED/lp_cmdline.ko"
wait_for "it is gone" daemon_says lp_cmdline none >/dev/null

title "Back again, and it stays so although the file is still there."
show lpctl revert lp_demo
show cat /proc/version
show lpctl status
[[ $(</proc/version) == "$before" ]]
printf '\nThe kernel is as it was before.\n'
