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
need_modules
build
bash scripts/vm/prepare.sh
# one after the other: the virtual machine wants the processors for itself
for project in unit netns vm; do
  npx vitest run --project "$project"
done
