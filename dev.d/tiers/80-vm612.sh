# shellcheck shell=bash
# the same on kernel 6.12
# default: no

. "$ROOT/dev.d/lib/vmtier.sh"
tier() { run_cases 6.12; }
