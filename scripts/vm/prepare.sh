#!/usr/bin/env bash
# Makes this machine ready for test/vm: Debian packages, Debian's newest kernel, a small initramfs. Needs root.
# Everything it builds lies in .cache/vm; remove that folder to start over with a newer kernel.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache/vm
packages=(qemu-system-x86 busybox-static cpio kmod nftables iproute2 systemd bpftrace)
# What test/netns/containers.test.ts runs, 40 MB, and coverage/modules.ts: unpacked here and not installed, so that nothing
# of this machine changes.
unpacked_packages=(wireguard-tools podman conmon crun libyajl2 libgpgme11 libsubid4 golang-github-containers-common systemd-container)
# What the guest needs before it sees this machine's root file system.
boot_modules=(virtio_pci 9pnet_virtio 9p overlay virtio_console)

say() { printf 'vm: %s\n' "$*"; }

install_packages() {
  local missing=() package
  for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  say "installing Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  local install=(apt-get install -y -q --no-install-recommends "${missing[@]}")
  "${install[@]}" >"$cache/apt.log" 2>&1 || { apt-get update -q && "${install[@]}"; } >"$cache/apt.log" 2>&1 ||
    { tail -n 20 "$cache/apt.log" >&2; return 1; }
}

# The package that linux-image-amd64 stands for today, such as linux-image-6.1.0-56-amd64.
kernel_package() { apt-cache depends linux-image-amd64 2>/dev/null | awk '$1 == "Depends:" { print $2; exit }'; }

unpack_kernel() {
  [[ -e $cache/release ]] && return 0
  local package release
  package=$(kernel_package)
  [[ $package ]] || { apt-get update -q >"$cache/apt.log" 2>&1; package=$(kernel_package); }
  [[ $package ]] || { say "apt knows no linux-image-amd64: is this Debian on amd64?" >&2; return 1; }
  release=${package#linux-image-}
  say "downloading $package (70 MB), unpacking it into $cache/kernel (400 MB)"
  rm -rf "$cache/kernel" "$cache/download"
  mkdir -p "$cache/download"
  (cd "$cache/download" && { apt-get download -q "$package" || { apt-get update -q && apt-get download -q "$package"; }; }) \
    >"$cache/apt.log" 2>&1 || { tail -n 20 "$cache/apt.log" >&2; return 1; }
  dpkg -x "$cache/download/"*.deb "$cache/kernel"
  depmod -b "$cache/kernel" "$release"
  rm -rf "$cache/download"
  printf '%s\n' "$release" >"$cache/release"
}

unpack_packages() {
  local package
  [[ -e $cache/containers/usr/bin/wg ]] && return 0
  say "downloading ${unpacked_packages[*]} (13 MB)"
  rm -rf "$cache/containers" "$cache/download"
  mkdir -p "$cache/download" "$cache/containers.new"
  (cd "$cache/download" && { apt-get download -q "${unpacked_packages[@]}" || { apt-get update -q && apt-get download -q "${unpacked_packages[@]}"; }; }) \
    >"$cache/apt.log" 2>&1 || { tail -n 20 "$cache/apt.log" >&2; return 1; }
  for package in "$cache/download/"*.deb; do dpkg -x "$package" "$cache/containers.new"; done
  mv "$cache/containers.new" "$cache/containers"
  rm -rf "$cache/download"
}

build_initramfs() {
  local release tree module path
  [[ $cache/initramfs.gz -nt $cache/release && $cache/initramfs.gz -nt $here/init.sh &&
    $cache/initramfs.gz -nt ${BASH_SOURCE[0]} ]] && return 0
  release=$(<"$cache/release")
  tree=$(mktemp -d)
  mkdir -p "$tree"/{bin,modules}
  cp "$(command -v busybox)" "$tree/bin/busybox"
  install -m 755 "$here/init.sh" "$tree/init"
  for module in "${boot_modules[@]}"; do
    modprobe -d "$cache/kernel" -S "$release" --show-depends "$module"
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
    cp "$path" "$tree/modules/"
    basename "$path" >>"$tree/modules/order"
  done
  (cd "$tree" && find . | cpio -o -H newc --quiet | gzip -9) >"$cache/initramfs.new"
  mv "$cache/initramfs.new" "$cache/initramfs.gz"
  rm -rf "$tree"
  say "built $cache/initramfs.gz ($(du -k "$cache/initramfs.gz" | cut -f1) KB)"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
install_packages
unpack_kernel
unpack_packages
build_initramfs
say "ready: Linux $(<"$cache/release"), $(qemu-system-x86_64 --version | head -n 1)"
