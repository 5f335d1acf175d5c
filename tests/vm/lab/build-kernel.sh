#!/bin/bash
# build-kernel.sh OUT RELEASE: one Debian kernel from its packages, without installing it here:
#   release    uname -r
#   vmlinux    unpacked: QEMU starts it directly, which saves the guest the decompression
#   initrd     finds the disk; see init
#   modules/   lib/modules/RELEASE with the modules of modules.txt
#   headers/   the kernel's headers, for building modules: make -C headers/build
set -euo pipefail
# shellcheck source=dev.d/lib/common.sh
. "$ROOT/dev.d/lib/common.sh"

out=$1 release=$2
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A signed kernel of 6.1.0-56-amd64 has headers of that name, linux-headers-6.1.0-56-common, and
# the compiled tools of linux-kbuild-6.1.
flavour=amd64
abi=${release%-"$flavour"}
kbuild=$(apt-cache depends "linux-headers-$release" | awk '/Depends: linux-kbuild/ { print $2 }')
packages=("linux-image-$release" "linux-headers-$release" "linux-headers-$abi-common" "$kbuild")

download() {
    (cd "$work" && apt-get --quiet=2 -o APT::Sandbox::User=root -o Acquire::Retries=3 download "${packages[@]}")
}
if ! download; then
    apt_get update # a newer revision has replaced the one in our lists
    download
fi

for deb in "$work"/linux-image-*.deb; do dpkg-deb -x "$deb" "$work/image"; done
for deb in "$work"/linux-headers-*.deb "$work"/linux-kbuild-*.deb; do dpkg-deb -x "$deb" "$out/headers"; done

# The headers' Makefile names its other half by its installed place.
headers=$out/headers/usr/src/linux-headers-$release
sed -i "s|/usr/src/|\$(dir \$(abspath \$(lastword \$(MAKEFILE_LIST))))../|" "$headers/Makefile"
ln -s "usr/src/linux-headers-$release" "$out/headers/build"

# --- kernel ---------------------------------------------------------------------------------------
python3 - "$work/image/boot/vmlinuz-$release" "$out/vmlinux" <<'PY'
import lzma, subprocess, sys
image = open(sys.argv[1], "rb").read()
def unpack():
    at = image.find(bytes.fromhex("fd377a585a00"))          # xz
    if at >= 0:
        return lzma.LZMADecompressor().decompress(image[at:])
    at = image.find(bytes.fromhex("28b52ffd"))              # zstd; what follows it is no frame
    return subprocess.run(["zstd", "-dcq"], input=image[at:], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout
kernel = unpack()
if kernel[:4] != b"\x7fELF":
    sys.exit("cannot unpack the kernel: neither xz nor zstd")
open(sys.argv[2], "wb").write(kernel)
PY

# --- modules --------------------------------------------------------------------------------------
depmod -b "$work/image" "$release"
wanted() { awk -v group="$1" '$1 == group { for (i = 2; i <= NF; i++) print $i }' "$here/modules.txt"; }
# Paths of a module and what it needs, in loading order; built-in ones have no line here.
needed() {
    local module
    for module; do
        modprobe -S "$release" -d "$work/image" --show-depends "$module" 2>/dev/null |
            awk '$1 == "insmod" { print $2 }' || say "lab: kernel $release has no module $module"
    done | awk '!seen[$0]++'
}
mapfile -t early < <(wanted initrd)
mapfile -t all < <(wanted initrd && wanted root)
needed "${early[@]}" >"$work/early"
needed "${all[@]}" >"$work/all"
tree=lib/modules/$release
mkdir -p "$out/modules/$tree"
cp "$work/image/$tree"/modules.{order,builtin,builtin.modinfo} "$out/modules/$tree/"
while read -r file; do
    install -D -m 644 "$file" "$out/modules/${file#"$work/image/"}"
done <"$work/all"
depmod -b "$out/modules" "$release"

# --- initrd ---------------------------------------------------------------------------------------
initrd=$work/initrd
mkdir -p "$initrd"/{bin,dev,proc,sys,run,new,modules}
cp "$(command -v busybox)" "$initrd/bin/busybox"
install -m 755 "$here/init" "$initrd/init"
sed 's/#.*//' "$here/unneeded-units" | xargs -n 1 >"$initrd/unneeded-units"
number=100
while read -r file; do
    number=$((number + 1))
    case $file in
    *.xz) xz -dc "$file" >"$initrd/modules/$number.ko" ;;
    *) cp "$file" "$initrd/modules/$number.ko" ;;
    esac
done <"$work/early"
(cd "$initrd" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >"$out/initrd"

printf '%s\n' "$release" >"$out/release"
