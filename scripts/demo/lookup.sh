#!/usr/bin/env bash
# Part of the demonstration: asks over UDP, waits for the answer, ends.
exec 4<>"/dev/udp/$SERVER/53"
echo "$1" >&4
read -r -t 5 -u 4
