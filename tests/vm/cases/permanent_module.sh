#!/bin/bash
# A module without an exit function can be disabled but never unloaded: that is said, not retried for ever.
. /root/files/guest.sh

put_patch "$MODULES/lp_noexit.ko"
wait_for "applied" patch_enabled lp_noexit
check "reverts" lpctl revert lp_noexit
check "the kernel has let it go" patch_absent lp_noexit
check "but the module stays" module_loaded lp_noexit
says_permanent() { [[ $(daemon_field lp_noexit flags) == *permanent* ]]; }
wait_for "said to be permanent" says_permanent
check_status "it cannot be applied again" 6 lpctl apply lp_noexit
