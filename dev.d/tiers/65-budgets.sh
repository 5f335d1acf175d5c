# shellcheck shell=bash
# the budgets that only a real kernel can show, measured on 6.1: on a calm machine
# default: no

. "$ROOT/dev.d/lib/vmtier.sh"
tier() { run_cases 6.1 "$ROOT"/tests/vm/cases/weight_*.sh; }
