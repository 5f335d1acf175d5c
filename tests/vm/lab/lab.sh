# shellcheck shell=bash
# The VM lab's cached parts. Each function prints the directory of a part and builds it
# first if it is not there. A part's name holds a hash of everything that went into it, so
# a changed recipe or kernel gives a new part, and a part that exists is complete: it is
# built beside its place and renamed.
#
#   lab_kernel 6.1            release, vmlinux, initrd, modules/, headers/
#   lab_base                  rootfs/: Debian 12 without a kernel and without our packages
#   lab_image KERNEL DEB...   root.ext4: base, the kernel's modules, the lab's guest side, and
#                             the packages installed by dpkg

LAB=$ROOT/tests/vm/lab

# cached NAME BUILDER ARGUMENTS...: print $cache/vm/NAME, made by `BUILDER DIR ARGUMENTS...`.
cached() {
    local dir name=$1
    shift
    dir=$(cache_dir vm)/$name
    if [[ ! -d $dir ]]; then
        with_lock "${dir%/*}/.lock.${name%%-*}" bash "$LAB/build-once.sh" "$dir" "$@" || return 1
    fi
    touch -c "$dir" # the age that build-once.sh looks at
    printf '%s\n' "$dir"
}

check_kernel() {
    [[ $1 == 6.1 || $1 == 6.12 ]] || usage_error "there is no kernel '$1' in the lab: 6.1 or 6.12"
}

# Print the release (uname -r) of the newest Debian kernel of a series.
kernel_release() {
    local meta release
    case $1 in
    6.1) meta=linux-image-amd64 ;;
    6.12) meta=linux-image-6.12-amd64 ;;
    *) die "there is no kernel '$1' in the lab" ;;
    esac
    release=$(dependency_of "$meta")
    if [[ -z $release ]]; then
        # No package lists, as on a fresh machine or in a container without network: a
        # kernel that is cached already will do.
        release=$(cached_release "$1")
    fi
    if [[ -z $release ]]; then
        apt_get update
        release=$(dependency_of "$meta")
    fi
    [[ -n $release ]] || die "apt knows no kernel package $meta; Debian 12 has it in bookworm-security: add that to apt's sources"
    printf '%s\n' "$release"
}

dependency_of() {
    apt-cache depends --no-recommends --no-suggests "$1" 2>/dev/null |
        sed -n 's/^ *Depends: linux-image-\([0-9]\)/\1/p' | head -n 1
}

cached_release() {
    local release
    release=$(find "$(cache_dir vm)" -path "*/kernel-$1[.-]*/release" -printf '%T@ %p\n' |
        sort -rn | head -n 1 | cut -d' ' -f2)
    [[ -z $release ]] || cat "$release"
}

lab_kernel() {
    local release
    release=$(kernel_release "$1") || return 1
    cached "kernel-$release-$(hash_of "$LAB"/{build-kernel.sh,init,unneeded-units,modules.txt})" \
        "$LAB/build-kernel.sh" "$release"
}

lab_base() {
    cached "base-$(hash_of "$LAB"/{build-base.sh,packages.txt})" as-root "$LAB/build-base.sh"
}

lab_image() {
    local base kernel=$1 inputs
    shift
    base=$(lab_base) || return 1
    inputs=$(
        printf '%s\n' "${base##*/}" "${kernel##*/}"
        hash_of "$LAB/build-image.sh" "$LAB/guest"
        for deb; do sha256sum <"$deb"; done
    )
    cached "image-$(sha256sum <<<"$inputs" | cut -c1-16)" \
        as-root "$LAB/build-image.sh" "$base" "$kernel" "$@"
}

# Print the directory of the signed test livepatches of a kernel series: .../modules/SERIES
lab_modules() {
    local dir kernel keys
    kernel=$(lab_kernel "$1") || return 1
    keys=$(cached "keys-$(hash_of "$LAB/build-keys.sh")" "$LAB/build-keys.sh") || return 1
    dir=$(cached "modules-$1-$(
        {
            printf '%s\n' "${kernel##*/}"
            hash_of "$ROOT/tests/vm/modules" "$LAB"/{build-modules.sh,variants.py} "$keys"
        } | sha256sum | cut -c1-16
    )" "$LAB/build-modules.sh" "$1" "$kernel" "$keys") || return 1
    printf '%s\n' "$dir/modules/$1"
}
