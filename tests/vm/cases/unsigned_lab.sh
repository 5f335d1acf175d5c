#!/bin/bash
# A laboratory's source takes unsigned modules, says so everywhere, and still wants them to be built against this
# very kernel: a patch whose checksum of a symbol differs is refused before the kernel sees it.
. /root/files/guest.sh

lab=/srv/lab
mkdir -p "$lab"
chmod 755 "$lab"
printf 'trust = "unsigned"\nallow_insecure = true\npath = "%s"\n' "$lab" >/etc/livepatchd/repos.d/lab.toml
check "restarts" systemctl restart livepatchd.service
check_contains "health says so" '"health": "insecure"' "$(lpctl status --json)"

# The checksum of module_layout stands in the 8 bytes before its name.
cp "$MODULES/unsigned/lp_cmdline.ko" /srv/other.ko
at=$(grep -obUa -m1 'module_layout' /srv/other.ko | head -n1 | cut -d: -f1)
printf '\x11\x22\x33\x44' | dd of=/srv/other.ko bs=1 seek=$((at - 8)) conv=notrunc status=none
mv /srv/other.ko "$lab/lp_cmdline.ko"
wait_for "another checksum: rejected" daemon_judges lp_cmdline rejected
check_status "apply is refused" 6 lpctl apply lp_cmdline
check_contains "the symbol is named" "module_layout has the checksum 44332211" "$(daemon_field lp_cmdline reason)"
check "the kernel has no such module" module_absent lp_cmdline

cp "$MODULES/unsigned/lp_cmdline.ko" "$lab/.new"
mv "$lab/.new" "$lab/lp_cmdline.ko"
wait_for "the right one is applied" proc_patched_by cmdline lp_cmdline
check_contains "with a flag" insecure "$(lpctl show lp_cmdline)"

rm -r /etc/livepatchd/repos.d/lab.toml "$lab"
