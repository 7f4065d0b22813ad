#!/bin/bash
# ss-loop.sh ADDRESS PORT: asks ss for the sockets that talk to the target, over and over. Prints ss's own lines.
while :; do
  ss -Htunp dst "$1:$2"
done
