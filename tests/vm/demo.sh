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

# On an idle machine the kernel is done before anybody could look: it asks a task that runs again a second later.
(while :; do :; done) &
busy=$!

title "The patch is moved into the watched directory. Nobody tells the daemon."
mkdir -p "$WATCHED"
cp "$MODULES/lp_version.ko" "$WATCHED/.incoming"
show mv "$WATCHED/.incoming" "$WATCHED/lp_version.ko"
wait_for "the kernel has the patch" test -e /sys/kernel/livepatch/lp_version >/dev/null
title "During the transition: the kernel moves over one task after the other."
during=$(lpctl status)
printf '\033[36m# lpctl status\033[0m\n%s\n' "$during"
grep -q enabling <<<"$during"
wait_for "the transition ends" patch_enabled lp_version >/dev/null
kill "$busy"
title "After it."
wait_for "the daemon says so" daemon_says lp_version enabled >/dev/null
show lpctl status
show cat /proc/version
proc_patched_by version lp_version

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
show lpctl revert lp_version
show cat /proc/version
show lpctl status
[[ $(</proc/version) == "$before" ]]
printf '\nThe kernel is as it was before.\n'
