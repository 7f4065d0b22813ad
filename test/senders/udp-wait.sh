#!/bin/bash
# udp-wait.sh ADDRESS PORT: sends its pid as one datagram, waits up to 10 s for an answer of one line, prints its pid.
# Starts no process of its own, and much faster than Node: for many short-lived senders.
exec 3<>"/dev/udp/$1/$2" || exit 1
echo "$$" >&3
read -r -t 10 -u 3 _ || exit 1
echo "$$"
