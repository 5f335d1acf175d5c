# shellcheck shell=bash
# The VM test cases on one kernel: run_cases SERIES [FILE...], all that are no budgets unless told.
# shellcheck source=tests/vm/lab/lab.sh
. "$ROOT/tests/vm/lab/lab.sh"
# shellcheck source=dev.d/lib/prepare.sh
. "$ROOT/dev.d/lib/prepare.sh"

# What looks at a clock needs a calm machine: a tier of its own (65-budgets.sh).
cases_but_budgets() { find "$ROOT/tests/vm/cases" -name '*.sh' ! -name 'weight_*' | LC_ALL=C sort; }

run_cases() {
    local kernel_dir image debs modules series=$1 files=()
    shift
    mapfile -t files < <(cases_but_budgets)
    [[ $# -eq 0 ]] || files=("$@")
    need modules
    vm_prepare "$series"
    modules=$(lab_modules "$series")
    /usr/bin/python3 "$LAB/cases.py" --kernel-dir "$kernel_dir" --image "$image" --modules "$modules" \
        --kernel "$series" "${debs[@]/#/--package=}" --results "$RESULTS" --filter "$FILTER" "${files[@]}"
}
