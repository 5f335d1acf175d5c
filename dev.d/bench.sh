# shellcheck shell=bash
# ./dev bench [ARGUMENTS]: measured figures against their budgets; see tests/bench.
[[ -x $ROOT/tests/bench/run ]] || die "there are no benchmarks yet"
"$ROOT/dev" build release >&2
exec "$ROOT/tests/bench/run" "$ROOT/build/release" "$@"
