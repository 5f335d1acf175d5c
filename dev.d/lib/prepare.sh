# shellcheck shell=bash
# Everything a machine needs before it can be booted. Needs tests/vm/lab/lab.sh.

# Print the paths of the packages to install in the VM, built if need be.
vm_packages() {
    [[ -d $ROOT/packaging/debian ]] || return 0
    "$ROOT/dev" package >&2 || return 1
    find "$ROOT/build/package" -maxdepth 1 -name '*.deb' ! -name '*-dbgsym_*' ! -name 'cockpit-*' | sort
}

# vm_prepare SERIES: sets kernel_dir, image and debs (what is installed there), building what is missing.
vm_prepare() {
    local packages
    need vm
    packages=$(vm_packages) || return 1
    mapfile -t debs < <([[ -z $packages ]] || printf '%s\n' "$packages")
    kernel_dir=$(lab_kernel "$1") || return 1
    image=$(lab_image "$kernel_dir" "${debs[@]}") || return 1
    image=$image/root.ext4
}
