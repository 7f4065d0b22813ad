#!/bin/sh
# The node of the package nodejs, whatever PATH finds first (nvm and its like); and what the caller's environment has node
# load is not loaded into root's ptrap.
unset NODE_OPTIONS NODE_PATH NETLINK_PREBUILD
exec /usr/bin/node /usr/lib/ptrap/dist/src/cli.js "$@"
