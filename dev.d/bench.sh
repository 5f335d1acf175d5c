# shellcheck shell=bash
# ./dev bench [ARGUMENTS]: measured figures against their budgets; see tests/bench.
need bus
"$ROOT/dev" build release livepatchd-emulated livepatch-fetch-test lpctl-test catalogue-bench module-bench >&2
exec "$ROOT/tests/bench/run" "$ROOT/build/release" "$@"
