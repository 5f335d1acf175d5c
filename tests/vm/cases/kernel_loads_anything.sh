#!/bin/bash
# Why livepatchd verifies: on a default Debian host the kernel loads a livepatch that was changed
# after signing, is not signed, is signed by nobody it knows, or was built for another release.
. /root/files/guest.sh

check_equal "this kernel enforces no signatures" N "$(</sys/module/module/parameters/sig_enforce)"
for variant in tampered unsigned unknown-key wrong-release; do
    load_patch "$MODULES/$variant/lp_cmdline.ko"
    case $variant in
    tampered) check_equal "what was changed runs" "altered by lp_cmdline" "$(</proc/cmdline)" ;;
    *) check "$variant: the replacement runs" proc_patched_by cmdline lp_cmdline ;;
    esac
    unload_patch lp_cmdline
done
check_not "the wrong release is another one" \
    grep -q "vermagic=$(uname -r) " "$MODULES/wrong-release/lp_cmdline.ko"
