#!/bin/sh
# First process of the guest: makes it what it is to be, then runs the commands that come over the serial line.
# Kernel command line: duett.name=NODE duett.address=A.B.C.D/NN   loads DRBD, sets name and address
#                      duett.root=TAG                             commands see the virtiofs of that tag as their root, read-only, with
#                                                                 /dev, /proc, /sys and /run of this guest; /run/guest has nbd-client
# From QEMU's fw_cfg:  opt/duett/drbd.conf, the whole configuration
# Serial line ttyS1:   "READY" once, then for each "MD5(the rest, with its newline) BASE64(command)" line a line "EXITCODE BASE64(output)", or AGAIN
export PATH=/bin:/sbin HOME=/root
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
mount -t tmpfs none /tmp
mount -t tmpfs none /run
mkdir -p /run/drbd /run/lock

parameter() {
    sed -n "s/.*\b$1=\([^ ]*\).*/\1/p" /proc/cmdline
}

load() {
    while read -r module; do
        case $module in
            # No handler programs in here: what DRBD would call as a helper succeeds and does nothing.
            drbd.ko) insmod /modules/drbd.ko usermode_helper=/bin/true minor_count=8 ;;
            *) insmod "/modules/$module" ;;
        esac
    done <"/modules/$1"
}

top=
enter=
if [ -n "$(parameter duett.root)" ]; then
    load shared-root
    top=/shared
    mkdir $top
    mount -t virtiofs -o ro "$(parameter duett.root)" $top
    for folder in dev proc sys; do mount --bind /$folder $top/$folder; done
    mount -t tmpfs none $top/run
    mkdir $top/run/tmp
    cp -r /guest $top/run/guest
    export PATH=/run/guest:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LD_LIBRARY_PATH=/run/guest/lib TMPDIR=/run/tmp
    enter="/bin/chroot $top"
else
    load order
    hostname "$(parameter duett.name)"
    ip link set eth0 up
    ip addr add "$(parameter duett.address)" dev eth0
    echo "root:x:0:0:root:/root:/bin/sh" >/etc/passwd
    cat /sys/firmware/qemu_fw_cfg/by_name/opt/duett/drbd.conf/raw >/etc/drbd.conf
fi
/bin/busybox ip link set lo up

/bin/busybox stty -F /dev/ttyS1 115200 raw -echo
exec 3<>/dev/ttyS1
echo READY >&3
while read -r sum command <&3; do
    # A serial line loses bytes when its guest gets no processor for a while.
    if [ "$(echo "$command" | /bin/busybox md5sum)" != "$sum  -" ]; then
        echo AGAIN >&3
        continue
    fi
    echo "$command" | /bin/busybox base64 -d >$top/run/command
    $enter /bin/sh /run/command >/tmp/output 2>&1 </dev/null 3>&-
    echo "$? $(/bin/busybox base64 -w0 /tmp/output)" >&3
done
