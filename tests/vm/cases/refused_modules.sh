#!/bin/bash
# What the kernel would load without a word is refused: wrong release, tampered, unsigned, unknown signer.
# (That the kernel would: kernel_loads_anything.sh.)
. /root/files/guest.sh

for variant in wrong-release tampered unsigned unknown-key; do
    put_patch "$MODULES/$variant/lp_cmdline.ko"
    wait_for "$variant: seen and rejected" daemon_judges lp_cmdline rejected
    check_status "$variant: apply is refused" 6 lpctl apply lp_cmdline
    check_contains "$variant: the reason is shown" . "$(daemon_field lp_cmdline reason)"
    check "$variant: the kernel has no such module" module_absent lp_cmdline
    take_patch lp_cmdline.ko
    wait_for "$variant: gone again" daemon_says lp_cmdline none
done
check_equal "no livepatch was ever tried" 0 "$(kernel_log | grep -c "enabling patch" || true)"
check "the daemon lives" systemctl is-active livepatchd.service
put_patch "$MODULES/lp_cmdline.ko"
wait_for "the genuine one is applied" proc_patched_by cmdline lp_cmdline
