#!/usr/bin/env bash
# npm test: installs what is missing, builds, and runs every test: unit, network namespaces, virtual machine.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

need_root 'npm test'
need_tools
need ping iputils-ping
need pgrep procps
need pstree psmisc
need setfacl acl
need bpftrace bpftrace
need notify-send libnotify-bin
need dbus-daemon dbus-daemon
/usr/bin/python3 -c 'import dbus' 2>/dev/null || need python3-dbus python3-dbus
/usr/bin/python3 -c 'import gi' 2>/dev/null || need python3-gi python3-gi
need tmux tmux
need man man-db
need zsh zsh
need fish fish
need logrotate logrotate
need_modules
build
bash scripts/vm/prepare.sh
# one after the other: the virtual machine wants the processors for itself
for project in unit netns vm; do
  npx vitest run --project "$project"
done
