# shellcheck shell=bash
# ./dev bench [ARGUMENTS]: measured figures against their budgets; see tests/bench.
need bus
"$ROOT/dev" build release livepatchd-emulated lpctl-test catalogue-bench >&2
exec "$ROOT/tests/bench/run" "$ROOT/build/release" "$@"
