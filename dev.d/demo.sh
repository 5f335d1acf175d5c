# shellcheck shell=bash
# ./dev demo: the main job on a real kernel: a signed livepatch appears in the watched directory, the
# daemon applies it, tells about it, and reverts it. Shown by tests/vm/demo.sh inside the VM.
# shellcheck source=tests/vm/lab/lab.sh
. "$ROOT/tests/vm/lab/lab.sh"

[[ $# -eq 0 ]] || usage_error "demo takes no arguments"
need vm modules
say "building the packages, the VM and a livepatch (minutes the first time, seconds later) ..."
modules=$(lab_modules 6.1) || exit 1
say "booting Debian's kernel with the packages installed ..."
exec "$ROOT/dev" vm run --timeout 300 --file "$modules" --file "$ROOT/tests/vm/guest.sh" "$ROOT/tests/vm/demo.sh"
