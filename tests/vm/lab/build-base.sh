#!/bin/bash
# build-base.sh OUT: OUT/rootfs, a small Debian 12 from the archives that this machine's own apt uses.
set -euo pipefail
out=$1
here=$(dirname "$(readlink -f "$0")")

# The machine's Debian archives as one-line sources: whatever their form on disk, this is what apt
# made of it. Other archives (vendors' tools) stay out.
sources() {
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format \
        '$(ORIGIN)|$(CODENAME)|$(REPO_URI)|$(COMPONENT)' 'Created-By: Packages' |
        awk -F'|' '$1 == "Debian" && $2 ~ /^bookworm(-updates|-security)?$/ && $4 == "main" &&
            !seen[$2]++ {
            print "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] " $3 " " $2 " main" }'
}

# Proxies, time-outs and the like of this machine's apt: mmdebstrap does not read them by itself.
apt_options() {
    apt-config dump Acquire | grep -Ei \
        '^Acquire::(https?|Check-Valid-Until|Check-Date|ForceIPv[46]|Retries|Proxy[^:]*)(::| ")' || true
    printf '%s\n' 'Acquire::Retries "3";' 'Acquire::Languages "none";' 'APT::Install-Recommends "false";'
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources >"$work/sources.list"
if [[ ! -s $work/sources.list ]]; then
    apt-get --quiet=2 update
    sources >"$work/sources.list"
fi
[[ -s $work/sources.list ]] || { echo "apt has no Debian 12 archive configured" >&2; exit 1; }
apt_options >"$work/apt.conf"

hooks=()
if compgen -G '/etc/apt/auth.conf*' >/dev/null; then # passwords of private mirrors
    # shellcheck disable=SC2016 # $1 is for mmdebstrap's shell
    hooks+=('--setup-hook=mkdir -p "$1/etc/apt" && cp -a /etc/apt/auth.conf* "$1/etc/apt/"'
        '--customize-hook=rm -rf "$1"/etc/apt/auth.conf*')
fi
packages=$(sed 's/#.*//' "$here/packages.txt" | xargs | tr ' ' ',')

mmdebstrap --quiet --mode=root --variant=minbase --skip=check/empty --aptopt="$work/apt.conf" \
    --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    "${hooks[@]}" bookworm "$out/rootfs" "$work/sources.list"

# Archives are reached from the host only: nothing of this machine's configuration stays inside.
rm -f "$out/rootfs/etc/apt/sources.list" "$out"/rootfs/etc/apt/apt.conf.d/99mmdebstrap
rm -rf "$out"/rootfs/var/lib/apt/lists/* "$out"/rootfs/var/cache/apt/*.bin
