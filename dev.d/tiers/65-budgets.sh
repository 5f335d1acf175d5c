# shellcheck shell=bash
# the budgets: those of ./dev bench, and on 6.1 those that only a real kernel can show; on a calm machine
# default: no

. "$ROOT/dev.d/lib/vmtier.sh"

# One test of its own for each of `./dev bench`, with its figures.
run_benchmarks() {
    local name figures
    for name in $("$ROOT/dev" bench --names); do
        selected "bench $name" || continue
        if figures=$("$ROOT/dev" bench "$name" 2>&1); then
            report pass "bench $name"
        else
            report fail "bench $name"
        fi
        printf '%s\n' "$figures" | sed 's/^/    /'
    done
}

tier() {
    run_benchmarks
    run_cases 6.1 "$ROOT"/tests/vm/cases/weight_*.sh
}
