#!/bin/bash
# run.sh COMMAND…: runs it with the nft beside this file in the place of the machine's own, in a mount namespace of its own.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
nft=$(command -v nft)
exec unshare --mount sh -ec '
  here=$1 nft=$2
  shift 2
  copy=$(mktemp -d)
  mount -t tmpfs bench "$copy"
  cp "$nft" "$copy/nft"
  printf "#!/bin/sh\nREAL_NFT=%s exec perl %s \"\$@\"\n" "$copy/nft" "$here/nft" >"$copy/by-iptables"
  chmod 755 "$copy/by-iptables"
  mount --bind "$copy/by-iptables" "$nft"
  exec "$@"' sh "$here" "$nft" "$@"
