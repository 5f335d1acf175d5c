#!/bin/bash
# Install, reinstall, upgrade, remove, purge, with a patch loaded: it stays active all the time.
# packages: yes
# timeout: 240
. /root/files/guest.sh

deb=$(echo /root/files/packages/livepatchd_*.deb)
installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' livepatchd 2>/dev/null) == "$1" ]]; }
still_patched() {
    check "$1: the patch is enabled" patch_enabled lp_version
    check "$1: the kernel runs it" proc_patched_by version lp_version
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
old=$(systemctl show -p MainPID --value livepatchd.service)

check "reinstalled" dpkg -i "$deb"
wait_for "by another daemon" daemon_replaced "$old"
still_patched "reinstalled"
check_equal "and it is still ours" managed "$(daemon_field lp_version disposition)"

old=$(systemctl show -p MainPID --value livepatchd.service)
newer "$deb" /root/newer.deb
check "upgraded" dpkg -i /root/newer.deb
wait_for "by another daemon" daemon_replaced "$old"
check_contains "to the newer version" +newer "$(dpkg-query -W -f '${Version}' livepatchd)"
still_patched "upgraded"
check_equal "and it is still ours" managed "$(daemon_field lp_version disposition)"
check "configuration of the admin is kept" test -s /etc/livepatchd/module-keys.d/trusted.pem

said=$(dpkg -r livepatchd 2>&1)
check "removed" installed config-files
check_not "the daemon is gone" pgrep -x livepatchd
still_patched "removed"
check "the state is kept" test -s /var/lib/livepatchd/state.json
check "and the configuration" test -s /etc/livepatchd/livepatchd.toml

check "installed again" dpkg -i "$deb"
wait_for "it takes the patch over as its own" daemon_judges lp_version managed

said=$(dpkg -P livepatchd 2>&1)
check_not "purged" installed config-files
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
