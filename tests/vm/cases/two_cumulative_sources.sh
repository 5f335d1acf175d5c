#!/bin/bash
# Two sources, each with a cumulative patch: the one with the higher priority wins, with one load, for good.
. /root/files/guest.sh

loads() { kernel_log | grep -cF "enabling patch" || true; }

systemctl stop livepatchd.service
mkdir -p /var/lib/kpatch/other
cat >/etc/livepatchd/repos.d/other.toml <<END
trust = "module-signature"
path = "/var/lib/kpatch/other"
priority = 60
END
put_patch "$MODULES/lp_cumulative.ko"
cp "$MODULES/lp_cumulative_2.ko" /var/lib/kpatch/other/
systemctl start livepatchd.service
wait_for "the one with the higher priority is applied" patch_enabled lp_cumulative_2
check_equal "the other one is not" rejected "$(daemon_field lp_cumulative disposition)"
check_equal "and why" other-lineage "$(daemon_field lp_cumulative reason)"
check_status "also when it is asked for" 6 lpctl apply lp_cumulative
lpctl refresh
systemctl restart livepatchd.service
lpctl refresh
sleep 3
check_equal "one load in all" 1 "$(loads)"
check "and it is there" proc_patched_by cmdline lp_cumulative_2
