#!/bin/bash
# build-modules.sh OUT SERIES KERNEL KEYS: the test livepatches of tests/vm/modules for one kernel
# under OUT/modules/SERIES: NAME.ko signed with the trusted key, trusted.pem, and variants that keep
# the module's name in directories of their own (see variants.py).
set -euo pipefail
out=$1 series=$2 kernel=$3 keys=$4
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

release=$(<"$kernel/release")
headers=$kernel/headers
cp -r "$here"/../modules/{Kbuild,*.[ch],newer} "$work/"
# What has the name of another module is built by itself.
cp "$work/Kbuild" "$work/newer/"

# No BTF: it needs a vmlinux with debug information. The kernel's own flags for the rest.
for directory in "$work" "$work/newer"; do
    if ! make -C "$headers/build" M="$directory" CONFIG_DEBUG_INFO_BTF_MODULES= -j2 modules >"$work/log" 2>&1; then
        cat "$work/log" >&2
        exit 1
    fi
done
strip --strip-debug "$work"/*.ko "$work"/newer/*.ko

target=$out/modules/$series
mkdir -p "$target"
cp "$keys/trusted.pem" "$keys/unknown.pem" "$target/"
sign_file=$(echo "$headers"/usr/lib/linux-kbuild-*/scripts/sign-file)
/usr/bin/python3 "$here/variants.py" "$sign_file" "$keys" "$release" "$target" "$work"/*.ko "$work"/newer/*.ko
