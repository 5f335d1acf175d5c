#!/bin/bash
# build-package.sh OUT: build the packages from the files of the work tree, committed or not.
set -euo pipefail
# shellcheck source=dev.d/lib/common.sh
. "$ROOT/dev.d/lib/common.sh"
out=$1
cd "$ROOT"

# Tests and developers' scripts are not built into the packages: changing them rebuilds nothing.
mapfile -d '' -t files < <(tree_files .)
[[ ${#files[@]} -gt 0 ]] || die "git does not tell the files of $ROOT"
inputs=$(
    for file in "${files[@]}"; do
        case $file in
        tests/* | dev | dev.d/* | .ci/*) continue ;;
        esac
        [[ ! -f $file ]] || stat -c '%n %a' "$file" && sha256sum <"$file"
    done 2>/dev/null | sha256sum
)
if [[ -f $out/.inputs && $(<"$out/.inputs") == "$inputs" ]] && compgen -G "$out/*.deb" >/dev/null; then
    exit 0
fi
say "building the packages ..."

# Always the same place: the compiler cache then knows the files.
work=$out/work
rm -rf "$work"
mkdir -p "$work/livepatchd"
for file in "${files[@]}"; do [[ ! -e $file ]] || printf '%s\0' "$file"; done |
    tar --null --files-from=- -cf - | tar -C "$work/livepatchd" -xf -
cp -a packaging/debian "$work/livepatchd/debian"
cd "$work/livepatchd"

if ! dpkg-checkbuilddeps; then
    apt_get update
    apt_get build-dep --yes ./
fi
CCACHE_DIR=${CCACHE_DIR:-$(cache_dir ccache)}
export CCACHE_DIR CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
export CCACHE_BASEDIR=$work
DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)"
export DEB_BUILD_OPTIONS
if ! dpkg-buildpackage --build=binary --no-sign >"$work/log" 2>&1 </dev/null; then
    tail -n 60 "$work/log" >&2
    die "dpkg-buildpackage failed; its whole log: $work/log"
fi

rm -f "$out"/*.deb "$out"/*.changes "$out"/*.buildinfo
mv "$work"/*.deb "$work"/*.changes "$work"/*.buildinfo "$out/"
printf '%s\n' "$inputs" >"$out/.inputs"
for deb in "$out"/*.deb; do say "built ${deb#"$ROOT/"}"; done
