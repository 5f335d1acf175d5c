#!/bin/bash
# build-once.sh DIR [as-root] BUILDER ARGUMENTS...: run `BUILDER DIR.new ARGUMENTS...` and rename
# the result to DIR, unless somebody else did while we waited for the lock. Called with the lock held.
set -euo pipefail
# shellcheck source=dev.d/lib/common.sh
. "$ROOT/dev.d/lib/common.sh"

dir=$1
shift
run=(bash)
if [[ $1 == as-root ]]; then
    run=(as_root bash)
    shift
fi
builder=$1
shift
[[ ! -d $dir ]] || exit 0

kind=${dir##*/}
kind=${kind%%-*}
say "lab: making ${dir##*/} ..."
# Left by builds that were killed; nobody else builds while we hold the lock.
as_root rm -rf "${dir%/*}/$kind"-*.new
# Parts of older recipes. An hour is longer than anybody needs between looking a part up and opening it.
find "${dir%/*}" -maxdepth 1 -type d -name "$kind-*" -mmin +60 -printf '%T@ %p\n' | sort -rn |
    tail -n +4 | cut -d' ' -f2- | while read -r old; do as_root rm -rf "$old"; done

mkdir "$dir.new"
started=$SECONDS
"${run[@]}" "$builder" "$dir.new" "$@" >&2
sync -f "$dir.new"
mv "$dir.new" "$dir"
say "lab: made ${dir##*/} in $((SECONDS - started)) s"
