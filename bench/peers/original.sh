#!/bin/bash
# original.sh ADDRESS PORT DEVICE: the method of the shell script that ptrap grew out of, step by step: the firewall
# logs each packet, tc holds it for 500 ms (prio and netem as the device's root qdisc; where the kernel has them), the
# kernel's log is looked at every 0.1 s, and lsof is asked for the port number; its last line is the answer.
# Prints "PORT PID". The syslog file that the original tails is stood in for by dmesg -w into a file; lsof is spared
# its name look-ups (-n -P), and tcp packets other than the opening SYN are not logged.
set -uo pipefail
address=$1 port=$2 device=$3
log=$(mktemp /tmp/ptrap-bench-original.XXXXXX)
held=

undo() {
  trap '' TERM INT
  nft delete table ip bench_original
  [ -z "$held" ] || tc qdisc del dev "$device" root
  kill 0
  rm -f "$log"
}
trap undo EXIT
trap exit TERM INT

if modprobe -q sch_netem 2>/dev/null && modprobe -q sch_prio 2>/dev/null && tc qdisc add dev "$device" root handle 1: prio; then
  held=yes
  tc qdisc add dev "$device" parent 1:3 handle 30: netem delay 500ms
  tc filter add dev "$device" parent 1:0 protocol ip prio 3 u32 match ip dst "$address" match ip dport "$port" 0xffff flowid 1:3
fi
nft -f - <<END
table ip bench_original {
  chain output {
    type filter hook output priority filter;
    ip daddr $address udp dport $port log prefix "bench-original: " flags skuid
    ip daddr $address tcp dport $port tcp flags & (syn | ack) == syn log prefix "bench-original: " flags skuid
  }
}
END

dmesg --follow-new >"$log" &
# without inotify tail looks as often as -s says
tail -n 0 -s 0.1 -f ---disable-inotify "$log" | while read -r line; do
  [[ $line =~ bench-original:.*PROTO=([A-Z]+)\ SPT=([0-9]+) ]] || continue
  pid=$(lsof -n -P -i "${BASH_REMATCH[1]}:${BASH_REMATCH[2]}" | tail -n 1 | awk '{ print $2 }')
  echo "${BASH_REMATCH[2]} $pid"
done &
wait
