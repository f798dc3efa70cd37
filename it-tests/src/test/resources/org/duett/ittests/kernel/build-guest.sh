#!/bin/bash
# build-guest.sh FOLDER INIT: makes FOLDER/vmlinuz and FOLDER/initrd.gz, a Debian kernel with its DRBD 8.4, drbd-utils and busybox,
# that runs INIT as its first process; beside them its nbd and nbd-client, for programs of this machine that INIT lets see. The packages are only downloaded and unpacked in FOLDER: nothing is installed here.
set -euo pipefail

folder=$(realpath "$1")
init=$(realpath "$2")
mkdir -p "$folder/packages"
cd "$folder/packages"

# The "cloud" kernel boots fastest. Its name carries a version, which the package that follows it knows.
kernel=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image-/ {print $2; exit}')
[ -n "$kernel" ] || { echo "apt knows no linux-image-cloud-amd64 here: run apt-get update (on Debian, amd64)" >&2; exit 1; }
# As root apt would download as the user _apt, who may not write here.
apt-get -q -o APT::Sandbox::User=root download "$kernel" drbd-utils busybox-static nbd-client libnl-3-200 libnl-genl-3-200
for package in "$kernel" drbd-utils busybox-static nbd-client libnl-3-200 libnl-genl-3-200; do
    dpkg -x "$package"_*.deb "$folder/unpacked-$package"
done

modules=$folder/unpacked-$kernel
tools=$folder/unpacked-drbd-utils
version=$(ls "$modules/lib/modules")
cp "$modules/boot/vmlinuz-$version" "$folder/vmlinuz"

root=$folder/root
mkdir -p "$root"/{guest/lib,bin,sbin,dev,proc,sys,tmp,run,var/lock,var/run/drbd,var/lib/drbd,etc,root,modules}
install -m 755 "$init" "$root/init"
install -m 755 "$folder/unpacked-busybox-static/bin/busybox" "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list); do
    [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
done

# Modules with what they depend on, flat, and the order to load them in. What a kernel has built in is left out by itself.
depmod -b "$modules" "$version"
put_modules() { # LIST MODULE...
    list=$root/modules/$1
    shift
    for module in "$@"; do
        modprobe -d "$modules" -S "$version" --show-depends "$module" 2>/dev/null || true
    done | awk '/^insmod/ && !seen[$2]++ {print $2}' | while read -r file; do
        cp "$file" "$root/modules/"
        basename "$file" >>"$list"
    done
}
put_modules order virtio_pci virtio_blk virtio_net qemu_fw_cfg crc32c_generic crc32c-intel sha1-ssse3 sha256-ssse3 md5 drbd
put_modules shared-root virtio_pci virtio_blk crc32c_generic virtiofs

# What this machine may lack: its programs find it below /run/guest.
modprobe -d "$modules" -S "$version" --show-depends nbd | awk '/^insmod/ {print $2}' | xargs cp -t "$root/guest/"
cp "$folder"/unpacked-nbd-client/sbin/nbd-client "$root/guest/"
cp "$folder"/unpacked-libnl-*/lib/x86_64-linux-gnu/libnl-*.so.* "$root/guest/lib/"

# drbd-utils with the shared libraries that this machine has for them.
for file in sbin/drbdsetup sbin/drbdadm sbin/drbdmeta lib/drbd/drbdadm-84 lib/drbd/drbdsetup-84; do
    install -D "$tools/$file" "$root/$file"
    ldd "$tools/$file" | awk '/=> \// {print $3} /^\t\/lib64/ {print $1}'
done >"$folder/libraries"
# dd and blkdiscard of this machine: busybox's know neither O_DSYNC nor zero-out.
for tool in dd blkdiscard; do
    file=$(command -v $tool)
    install -D "$file" "$root/sbin/$tool"
    rm -f "$root/bin/$tool"
    ldd "$file" | awk '/=> \// {print $3} /^\t\/lib64/ {print $1}'
done >>"$folder/libraries"
sort -u "$folder/libraries" | while read -r library; do
    install -D "$(readlink -f "$library")" "$root$library"
done

(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$folder/initrd.gz"
rm -rf "$folder/libraries" "$folder/root" "$folder"/unpacked-* "$folder/packages"
