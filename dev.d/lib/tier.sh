# shellcheck shell=bash
# For the tiers of ./dev test: FILTER chooses, RESULTS takes the counts.

selected() { [[ -z $FILTER || $1 =~ $FILTER ]]; }

# report pass|fail NAME [WORD...]
report() {
    local outcome=$1 name=$2 shown=ok
    shift 2
    [[ $outcome == pass ]] || shown=FAILED
    printf '%s %s\n' "$outcome" "$name" >>"$RESULTS"
    printf '%-7s %s %s\n' "$shown" "$name" "$*"
}

# check_that NAME COMMAND...: one test; its output is shown when it fails. The command gets a shell
# of its own where it is a function, so that `set -e` holds in it.
check_that() {
    local name=$1 output status=0
    shift
    selected "$name" || return 0
    output=$(mktemp)
    set +e
    (
        set -e
        "$@"
    ) >"$output" 2>&1 </dev/null
    status=$?
    set -e
    if [[ $status -eq 0 ]]; then
        report pass "$name"
    else
        report fail "$name" "(status $status)"
        sed 's/^/    /' "$output"
    fi
    rm -f "$output"
}

# Quiet unless it fails.
quietly() {
    local output status=0
    output=$(mktemp)
    "$@" >"$output" 2>&1 </dev/null || status=$?
    [[ $status -eq 0 ]] || tail -n 100 "$output"
    rm -f "$output"
    return "$status"
}

# run_ctest PRESET LABEL: build a preset and run its tests of a label.
run_ctest() {
    local preset=$1 label=$2 junit
    printf 'building %s ...\n' "$preset"
    quietly "$ROOT/dev" build "$preset"
    junit=$(mktemp)
    # Its own report is read instead of its exit status: that passes over skipped tests.
    (
        cd "$ROOT"
        ctest --preset "$preset" --label-regex "^$label\$" --tests-regex "${FILTER:-.}" --parallel "$(nproc)" --timeout 300 \
            --no-tests=ignore --output-junit "$junit" >"$junit.log" 2>&1 </dev/null
    ) || true
    /usr/bin/python3 "$ROOT/dev.d/lib/junit.py" "$junit" "$RESULTS" || cat "$junit.log"
    rm -f "$junit" "$junit.log"
}
