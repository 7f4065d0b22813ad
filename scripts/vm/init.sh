#!/bin/busybox sh
# First process of the test guest: puts a throw-away layer over the host's read-only root, then starts systemd in it.
# PTRAP_REPO and PTRAP_NODE come from the kernel command line (test/vm/qemu.ts).
export PATH=/bin
/bin/busybox mkdir -p /proc /sys /lower /rw /new
/bin/busybox --install -s /bin
fail() {
  echo "ptrap-vm: $*"
  poweroff -f
}

mount -t proc proc /proc
mount -t sysfs sys /sys
while read -r module; do
  insmod "/modules/$module" || fail "cannot load $module"
done </modules/order

# 9p TAG DIR: a folder of the host, which nobody changes while the guest runs, so its pages may be cached.
share() { mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose "$1" "$2" || fail "no share $1"; }

share root /lower
mount -t tmpfs -o size=60%,mode=755 tmpfs /rw
mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work overlay /new || fail "no overlay"
# Empty: what has to be fast and watchable, and systemd's generators, which only cost time.
for dir in tmp var/tmp var/log run lib/systemd/system-generators; do
  mkdir -p "/new/$dir"
  mount -t tmpfs -o mode=755 tmpfs "/new/$dir"
done
chmod 1777 /new/tmp /new/var/tmp

# The checkout has a share of its own: it may lie on another file system, or under the /tmp hidden just now.
mkdir -p "/new$PTRAP_REPO" /new/lib/modules
share repo "/new$PTRAP_REPO"
mount --bind "/new$PTRAP_REPO/.cache/vm/kernel/lib/modules" /new/lib/modules || fail "no kernel modules"

# The host's own services have no business here; and with /.dockerenv systemd would take this for a container.
rm -rf /new/.dockerenv /new/etc/systemd/system /new/etc/fstab /new/etc/machine-id /new/etc/hostname
mkdir -p /new/etc/systemd/system /new/run/systemd/system
: >/new/etc/fstab
echo ptrap-vm >/new/etc/hostname
echo 70747261700000000000000000000001 >/new/etc/machine-id
cp "/new$PTRAP_REPO"/test/vm/guest/*.service "/new$PTRAP_REPO"/test/vm/guest/*.target /new/run/systemd/system/
printf 'PTRAP_REPO="%s"\nPTRAP_NODE="%s"\n' "$PTRAP_REPO" "$PTRAP_NODE" >/new/run/ptrap-vm.env

mount --move /proc /new/proc
mount --move /sys /new/sys
mount -t devtmpfs dev /new/dev
exec switch_root /new /lib/systemd/systemd
fail "cannot start systemd"
