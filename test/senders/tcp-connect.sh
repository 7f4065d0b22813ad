#!/bin/bash
# tcp-connect.sh ADDRESS PORT: connects, prints its pid, exits. Starts no process of its own.
exec 3<>"/dev/tcp/$1/$2" || exit 1
echo "$$"
