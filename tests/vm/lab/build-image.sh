#!/bin/bash
# build-image.sh OUT BASE KERNEL DEB...: OUT/root.ext4, the disk every VM starts from (as the
# backing file of an overlay of its own).
set -euo pipefail
out=$1 base=$2 kernel=$3
shift 3
here=$(dirname "$(readlink -f "$0")")
root=$out/rootfs

cp -a --reflink=auto "$base/rootfs" "$root"
cp -a "$kernel/modules/lib/modules" "$root/lib/"
chown -R 0:0 "$root/lib/modules"
cp -a --no-preserve=ownership "$here/guest/." "$root/"

systemctl --root="$root" --quiet enable lab-agent.service
systemctl --root="$root" --quiet set-default multi-user.target
: >"$root/etc/fstab"
echo lab >"$root/etc/hostname"
printf '127.0.0.1 localhost lab\n' >"$root/etc/hosts"
passwd --root "$root" --delete --quiet root
# Somebody without any privilege, for tests of what users may do.
useradd --root "$root" --create-home --shell /bin/bash user
rm -f "$root/etc/machine-id"
systemd-machine-id-setup --root="$root" >/dev/null 2>&1

if [[ $# -gt 0 ]]; then
    # As dpkg does it on a host, maintainer scripts and all; only starting services is left to the boot.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    mkdir "$root/tmp/debs"
    cp "$@" "$root/tmp/debs/"
    if ! DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
        chroot "$root" sh -c 'exec dpkg -i /tmp/debs/*.deb' >"$out/dpkg.log" 2>&1; then
        cat "$out/dpkg.log" >&2
        echo "lab: dpkg could not install the packages (a missing dependency belongs into tests/vm/lab/packages.txt)" >&2
        exit 1
    fi
    rm -rf "$root/tmp/debs" "$root/usr/sbin/policy-rc.d"
fi

# Sparse, and its tables known to be zero: the guest has nothing left to initialise.
truncate -s 4G "$out/root.ext4"
mkfs.ext4 -q -L lab -m 0 -J size=16 -E assume_storage_prezeroed=1,root_owner=0:0 -d "$root" "$out/root.ext4"
rm -rf "$root"
