# shellcheck shell=bash
# The VM test cases on one kernel: run_cases SERIES
# shellcheck source=tests/vm/lab/lab.sh
. "$ROOT/tests/vm/lab/lab.sh"
# shellcheck source=dev.d/lib/prepare.sh
. "$ROOT/dev.d/lib/prepare.sh"

run_cases() {
    local kernel_dir image debs modules
    need modules
    vm_prepare "$1"
    modules=$(lab_modules "$1")
    /usr/bin/python3 "$LAB/cases.py" --kernel-dir "$kernel_dir" --image "$image" --modules "$modules" \
        --kernel "$1" "${debs[@]/#/--package=}" --results "$RESULTS" --filter "$FILTER" "$ROOT"/tests/vm/cases/*.sh
}
