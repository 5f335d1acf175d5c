# shellcheck shell=bash
# ./dev fuzz [TARGET] [SECONDS]: libFuzzer on one target or on all of them, 60 seconds each unless
# told. Starts from tests/fuzz/corpus/TARGET and from the seeds that were made while building; what it
# finds stays in the cache, a crash in build/fuzz/crashes. Found inputs worth keeping are copied to the
# corpus by hand.
target=${1:-}
seconds=${2:-60}
if [[ $target =~ ^[0-9]+$ ]]; then
    seconds=$target
    target=
fi
programs=$ROOT/build/fuzz/tests/fuzz
"$ROOT/dev" build fuzz tests/fuzz/all >&2
mapfile -t found < <(find "$programs" -maxdepth 1 -type f -executable -name "fuzz_${target:-*}" | sort)
[[ ${#found[@]} -gt 0 ]] || usage_error "no fuzz target '${target:-any}'"
crashes=$ROOT/build/fuzz/crashes
mkdir -p "$crashes"
failed=0
for program in "${found[@]}"; do
    name=${program##*/fuzz_}
    printf '=== %s, %s s\n' "$name" "$seconds"
    corpora=("$(cache_dir "fuzz/$name")")
    for start in "$ROOT/tests/fuzz/corpus/$name" "$programs/seeds/$name"; do
        [[ ! -d $start ]] || corpora+=("$start")
    done
    "$program" -max_total_time="$seconds" -artifact_prefix="$crashes/$name-" -print_final_stats=1 \
        "${corpora[@]}" || failed=1
done
exit "$failed"
