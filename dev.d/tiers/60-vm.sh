# shellcheck shell=bash
# the installed packages on Debian 12's kernel 6.1 in a VM
# default: yes

. "$ROOT/dev.d/lib/vmtier.sh"
tier() { run_cases 6.1; }
