#!/usr/bin/env bash
# Builds dist-deb/ptrap_VERSION-1_ARCH.deb, a package for Debian and Ubuntu, and prints where it is: ptrap with the npm
# packages that it needs at run time, those of package-lock.json. Their binaries, of koffi and netlink, are this kind of
# machine's alone. Needs the checkout with its node_modules, npm and dpkg-deb; no root.
# DEBFULLNAME and DEBEMAIL name the maintainer, as for Debian's own tools.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=$(node -p 'require("./package.json").version')-1
arch=$(dpkg --print-architecture)
maintainer="${DEBFULLNAME:-The ptrap authors} <${DEBEMAIL:-ptrap@localhost}>"
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
home=$tree/usr/lib/ptrap
doc=$tree/usr/share/doc/ptrap
umask 022

# put MODE FILE DESTINATION
put() { install -D -m "$1" "$2" "$tree$3"; }
compressed() { gzip -9n; }

program() {
  npm run --silent build
  mkdir -p "$home"
  cp -r dist package.json "$home/"
  find "$home/dist" -name '*.d.ts' -delete
}

modules() {
  cp package.json package-lock.json "$work/"
  (cd "$work" && npm ci --omit=dev --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error >&2)
  (
    cd "$work/node_modules"
    # what would compile them, binaries of other machines, and a package that ptrap never loads (docs/dependencies.md)
    rm -rf .bin .package-lock.json typescript node-addon-api zod/src koffi/{doc,src,vendor} \
      netlink/{src,binding.gyp,node_modules}
    find netlink/prebuilds -mindepth 1 -maxdepth 1 ! -name "linux-$(node -p process.arch)" -exec rm -r {} +
    find . -path '*musl*' -delete
    # types, for which an editor would not look here
    find . -name '*.d.ts' -delete -o -name '*.d.[cm]ts' -delete -o -name '*.map' -delete
  )
  mv "$work/node_modules" "$home/"
}

system_files() {
  put 755 scripts/deb/launcher.sh /usr/bin/ptrap
  put 644 systemd/ptrap@.service /usr/lib/systemd/system/ptrap@.service
  put 644 scripts/deb/example.config.ts /etc/ptrap/example.config.ts
  put 644 scripts/deb/logrotate /etc/logrotate.d/ptrap
  put 644 completions/ptrap.bash /usr/share/bash-completion/completions/ptrap
  put 644 completions/_ptrap /usr/share/zsh/vendor-completions/_ptrap
  put 644 completions/ptrap.fish /usr/share/fish/vendor_completions.d/ptrap.fish
  install -d "$tree/usr/share/man/man1"
  compressed <man/ptrap.1 >"$tree/usr/share/man/man1/ptrap.1.gz"
}

documents() {
  install -d "$doc/examples"
  cp README.md docs/*.md docs/*.json "$doc/"
  cp ptrap.config.example.ts "$doc/examples/"
  compressed <CHANGELOG.md >"$doc/changelog.gz"
  compressed >"$doc/changelog.Debian.gz" <<END
ptrap ($version) unstable; urgency=medium

  * What is new: /usr/share/doc/ptrap/changelog.gz

 -- $maintainer  $(date -R -u -d "@$SOURCE_DATE_EPOCH")
END
  copyright >"$doc/copyright"
}

# In the format of Debian's copyright files, in which an empty line is a dot.
copyright() {
  cat <<'END'
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: ptrap

Files: *
Copyright: The ptrap authors
License: Expat
END
  sed -e 's/^$/./' -e 's/^/ /' LICENSE
  printf '\nFiles: usr/lib/ptrap/node_modules/*\nCopyright: their authors; the text is in the folder of each\nLicense: various\n'
  (cd "$home" && find node_modules -name package.json -exec node -e '
    const packages = process.argv.slice(1).map(path => require(`${process.cwd()}/${path}`));
    const named = packages.filter(({ name, version, license }) => name && version && license);
    const lines = named.map(({ name, version, license }) => ` ${name} ${version}: ${license}`);
    console.log([...new Set(lines)].sort().join("\n"));' {} +)
}

control() {
  install -d "$tree/DEBIAN"
  install -m 755 scripts/deb/{postinst,prerm,postrm} "$tree/DEBIAN/"
  (cd "$tree" && find etc -type f -printf '/%p\n' | sort >DEBIAN/conffiles)
  (cd "$tree" && find usr etc -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  {
    printf '%s\n' 'Package: ptrap' "Version: $version" "Architecture: $arch" "Maintainer: $maintainer" \
      "Installed-Size: $(du -sk --exclude=DEBIAN "$tree" | cut -f 1)"
    cat scripts/deb/control
  } >"$tree/DEBIAN/control"
}

program
modules
system_files
documents
control
chmod -R u=rwX,go=rX "$tree"
# a file that was cut away and is needed shows here, not at the user's
node "$home/dist/src/cli.js" watch 192.0.2.1:9/udp --no-config --dry-run --plugin journal >/dev/null
mkdir -p dist-deb
dpkg-deb --root-owner-group -Zxz --build "$tree" "dist-deb/ptrap_${version}_$arch.deb" >&2
echo "dist-deb/ptrap_${version}_$arch.deb"
