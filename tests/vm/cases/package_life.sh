#!/bin/bash
# Install, reinstall, upgrade, remove, purge, with a patch loaded and another one on its way: the kernel keeps
# both all the time. The task helper goes with the package.
# packages: yes
# timeout: 480
. /root/files/guest.sh

deb=$(echo /root/files/packages/livepatchd_*.deb)
installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' livepatchd 2>/dev/null) == "$1" ]]; }
still_patched() {
    check "$1: the patch is enabled" patch_enabled lp_version
    check "$1: the kernel runs it" proc_patched_by version lp_version
}
# The socket of the task helper waits for the daemon, at every boot, and is root's alone.
helper_waits() {
    check "$1: the helper's socket waits" systemctl is-active livepatch-tasks.socket
    check "$1: at every boot" systemctl is-enabled livepatch-tasks.socket
    check_equal "$1: for root alone" "socket 600 root" "$(stat -c '%F %a %U' /run/livepatch-tasks.socket)"
    check_not "$1: the helper has not failed" systemctl is-failed livepatch-tasks.service
}
# helper_is_ours: it runs, and from the file that is installed now.
helper_is_ours() {
    local pid
    pid=$(systemctl show -p MainPID --value livepatch-tasks.service)
    [[ $pid != 0 && $(readlink "/proc/$pid/exe") == /usr/libexec/livepatchd/livepatch-tasks ]]
}
# Repositories on web servers are asked by a timer, whose service is nobody's to start but its own.
fetcher_waits() {
    check "$1: the fetcher's timer waits" systemctl is-active livepatch-fetch.timer
    check "$1: at every boot" systemctl is-enabled livepatch-fetch.timer
    check "$1: it has a user" id livepatch
    check "$1: the fetcher waits for whoever asks" systemctl is-active livepatch-fetch.path
    check "$1: at every boot, too" systemctl is-enabled livepatch-fetch.path
    check_not "$1: the fetcher has not failed" systemctl is-failed livepatch-fetch.service
}
fetcher_is_gone() {
    check_not "$1: no fetcher runs" pgrep -x livepatch-fetch
    check_not "$1: nor does its timer wait" systemctl is-active livepatch-fetch.timer
    check_not "$1: nor its path" systemctl is-active livepatch-fetch.path
}
blocker_is_told() { lpctl blockers --json | jq -e '.tasks[] | select(.function == "lp_target_thread_wait")'; }
nothing_starts_it() { [[ -z $(find /etc/systemd -name 'livepatch*') ]]; }
helper_is_gone() {
    check_not "$1: no helper runs" pgrep -x livepatch-tasks
    check_not "$1: nor does its socket wait" systemctl is-active livepatch-tasks.socket
    check "$1: there is none" test ! -e /run/livepatch-tasks.socket
}
# newer DEB OUT: the same package with a higher version.
newer() {
    rm -rf /root/newer
    dpkg-deb -R "$1" /root/newer
    sed -i 's/^Version: .*/&+newer/' /root/newer/DEBIAN/control
    dpkg-deb --root-owner-group -Znone -b /root/newer "$2" >/dev/null
}

put_patch "$MODULES/lp_version.ko"
wait_for "applied by itself" patch_enabled lp_version
helper_waits "installed"
# A transition that waits through it all: the daemon has the helper look every second.
insmod "$MODULES/lp_target.ko" kthread=2
put_patch "$MODULES/lp_stall.ko"
wait_for "another one waits" patch_in_transition lp_stall
wait_for "the helper says for what" blocker_is_told
old=$(systemctl show -p MainPID --value livepatchd.service)

check "reinstalled" dpkg -i "$deb"
wait_for "by another daemon" daemon_replaced "$old"
still_patched "reinstalled"
check_equal "and it is still ours" managed "$(daemon_field lp_version disposition)"
helper_waits "reinstalled"
wait_for -t 90 "reinstalled: the helper is the new one" helper_is_ours
wait_for "and says it again" blocker_is_told

old=$(systemctl show -p MainPID --value livepatchd.service)
newer "$deb" /root/newer.deb
check "upgraded" dpkg -i /root/newer.deb
wait_for "by another daemon" daemon_replaced "$old"
check_contains "to the newer version" +newer "$(dpkg-query -W -f '${Version}' livepatchd)"
still_patched "upgraded"
check_equal "and it is still ours" managed "$(daemon_field lp_version disposition)"
helper_waits "upgraded"
fetcher_waits "upgraded"
wait_for -t 90 "upgraded: the helper is the new one" helper_is_ours
wait_for "and says it again" blocker_is_told
check "configuration of the admin is kept" test -s /etc/livepatchd/module-keys.d/trusted.pem

said=$(dpkg -r livepatchd 2>&1)
check "removed" installed config-files
check_not "the daemon is gone" pgrep -x livepatchd
helper_is_gone "removed"
fetcher_is_gone "removed"
still_patched "removed"
check "and what waits, waits on" patch_in_transition lp_stall
check "the state is kept" test -s /var/lib/livepatchd/state.json
check "and the configuration" test -s /etc/livepatchd/livepatchd.toml

check "installed again" dpkg -i "$deb"
wait_for "it takes the patch over as its own" daemon_judges lp_version managed
helper_waits "installed again"
wait_for "the helper says for what it waits" blocker_is_told
echo 1 >/proc/lp_target/release
wait_for "which then ends" patch_enabled lp_stall
check "it is reverted" lpctl revert lp_stall
take_patch lp_stall.ko

said=$(dpkg -P livepatchd 2>&1)
check_not "purged" installed config-files
helper_is_gone "purged"
check_not "purged: nor its units" systemctl cat livepatch-tasks.socket livepatch-tasks.service livepatch-fetch.timer livepatch-fetch.path
check "purged: nothing is to start it" nothing_starts_it
still_patched "purged"
check_contains "purge says what is loaded" "lp_version (enabled)" "$said"
check "no state is left" eval '[[ ! -e /var/lib/livepatchd && ! -e /run/livepatchd ]]'
check "nor a configuration of ours" eval '[[ ! -e /etc/livepatchd/livepatchd.toml ]]'
check "what purge says helps" eval 'echo 0 >/sys/kernel/livepatch/lp_version/enabled'
wait_for "disabled by hand" patch_absent lp_version
wait_for "removed by hand" rmmod lp_version

check "installed anew" dpkg -i "$deb"
wait_for "and running" systemctl is-active livepatchd.service
# The file and the admin's certificate are still there.
wait_for "without a past: it applies the patch anew" patch_enabled lp_version
wait_for "as its own" daemon_judges lp_version managed
helper_waits "installed anew"
fetcher_waits "installed anew"
