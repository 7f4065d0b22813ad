# What `npm start` and `npm test` share: installs what is missing, and says what. Sourced, from the checkout's root.

# need TOOL PACKAGE: installs Debian's PACKAGE where TOOL is not found.
need() {
  PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null && return
  if ! command -v apt-get >/dev/null; then
    echo "ptrap: $1 not found; install the package $2 of your distribution" >&2
    exit 3
  fi
  echo "ptrap: installing $2 (for $1)"
  if [ -z "${apt_updated:-}" ]; then
    apt-get update -qq
    apt_updated=1
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}

need_root() {
  [ "$(id -u)" = 0 ] && return
  echo "ptrap: $1 needs root: it adds firewall rules, in network namespaces of its own; run it with sudo" >&2
  exit 3
}

need_tools() {
  need nft nftables
  need ip iproute2
  need journalctl systemd
  need modprobe kmod
}

# The packages of package-lock.json, once for each state of that file.
need_modules() {
  local stamp=node_modules/.ptrap-lock
  cmp -s package-lock.json "$stamp" && return
  echo "ptrap: installing the npm packages of package-lock.json into node_modules"
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
}

build() {
  echo "ptrap: building into dist"
  npm run --silent build
}
