# shellcheck shell=bash
# ./dev test [TIER] [FILTER]: tiers are dev.d/tiers/NN-NAME.sh, run in that order. A tier's first
# lines tell what it does and whether it belongs to the default run (`# default: yes`) or to `full`.
# It reports every single test (dev.d/lib/tier.sh); anything that is not reported as passed, a
# skipped test too, has failed.

tier_file() {
    local file
    file=$(compgen -G "$ROOT/dev.d/tiers/[0-9][0-9]-$1.sh") && printf '%s\n' "$file"
}

# Print the names of the tiers of a run: default, full, or one by name.
tiers_of() {
    local file
    case $1 in
    default | full)
        for file in "$ROOT"/dev.d/tiers/[0-9][0-9]-*.sh; do
            if [[ $1 == full ]] || grep -q '^# default: yes$' "$file"; then
                basename "$file" .sh | cut -c4-
            fi
        done
        ;;
    *) tier_file "$1" >/dev/null && printf '%s\n' "$1" ;;
    esac
}

test_usage() {
    printf 'usage: ./dev test [TIER] [FILTER]\n\n'
    local file
    for file in "$ROOT"/dev.d/tiers/[0-9][0-9]-*.sh; do
        printf '  %-10s %s\n' "$(basename "$file" .sh | cut -c4-)" "$(sed -n '2s/^# //p' "$file")"
    done
    printf '  %-10s all of them; without a TIER: those that CI runs\n' full
}

count() { grep -c "^$1 " "$2" || true; }

# run_tier NAME FILTER RESULTS: results go to the file, one `pass NAME` or `fail NAME` a line.
run_tier() {
    local name=$1 filter=$2 results=$3 status=0
    # A shell of its own: `set -e` has to hold inside, and a tier may not disturb the next one.
    TIER=$name FILTER=$filter RESULTS=$results bash -euo pipefail -c \
        '. "$ROOT/dev.d/lib/common.sh"; . "$ROOT/dev.d/lib/tier.sh"; . "$1"; tier' \
        tier "$(tier_file "$name")" || status=$?
    if [[ $status -ne 0 && $(count fail "$results") -eq 0 ]]; then
        printf 'FAILED  %s: the tier ended with status %s\n' "$name" "$status"
        printf 'fail %s\n' "$name" >>"$results"
    elif [[ ! -s $results && -z $filter ]]; then
        printf 'FAILED  %s: no test ran\n' "$name"
        printf 'fail %s\n' "$name" >>"$results"
    fi
}

test_main() {
    local run=${1:-default} filter=${2:-} work name tiers started passed=0 failed=0 summary=''
    if [[ $run == -h || $run == --help ]]; then
        test_usage
        return 0
    fi
    mapfile -t tiers < <(tiers_of "$run")
    if [[ ${#tiers[@]} -eq 0 ]]; then
        test_usage >&2
        usage_error "no test tier '$run'"
    fi
    if [[ $run == full ]]; then export LIVEPATCHD_KILLS=${LIVEPATCHD_KILLS:-100}; fi
    work=$(mktemp -d)
    # shellcheck disable=SC2064 # the directory of now
    trap "rm -rf '$work'" EXIT
    trap 'exit 130' INT TERM
    for name in "${tiers[@]}"; do
        printf '=== %s\n' "$name"
        started=$SECONDS
        : >"$work/$name"
        run_tier "$name" "$filter" "$work/$name"
        summary+=$(printf '%-10s %5d passed %5d failed %6d s' "$name" \
            "$(count pass "$work/$name")" "$(count fail "$work/$name")" $((SECONDS - started)))$'\n'
        passed=$((passed + $(count pass "$work/$name")))
        failed=$((failed + $(count fail "$work/$name")))
    done
    printf '=== all, %d s\n%s' "$SECONDS" "$summary"
    grep -h '^fail ' "$work"/* | sed 's/^fail /failed: /' || true
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [[ $failed -eq 0 && $passed -gt 0 ]]
}

test_main "$@"
