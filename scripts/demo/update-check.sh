#!/usr/bin/env bash
# Part of the demonstration: opens a connection, reads a line, ends.
exec 4<>"/dev/tcp/$SERVER/443"
read -r -t 5 -u 4
