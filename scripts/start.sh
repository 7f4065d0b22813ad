#!/usr/bin/env bash
# npm start [-- TARGET… OPTIONS…]: installs what is missing, builds, and runs `ptrap watch` with these arguments;
# without arguments, a demonstration in a network namespace of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

need_root 'npm start'
need_tools
need_modules
build
if [ $# -gt 0 ]; then
  exec node dist/src/cli.js watch "$@"
fi
exec node --import tsx scripts/demo.ts
