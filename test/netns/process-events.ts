import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** NETLINK_CONNECTOR (linux/netlink.h). */
const CONNECTOR = '11';
/** A kernel thread: it is in the first network namespace, where the connector is. */
const KTHREADD = 2;

/** How many sockets hear the kernel's process events. */
export function listeners(): number {
  return rows().filter(([, protocol, , groups]) => protocol === CONNECTOR && Number(`0x${groups}`) > 0)
    .length;
}

/** The rows of /proc/net/netlink (proc(5)). */
function rows(): string[][] {
  const lines = readFileSync(`/proc/${KTHREADD}/net/netlink`, 'latin1').trim().split('\n');
  return lines.map(line => line.trim().split(/\s+/));
}

/** How many of the kernel's process events could not be handed over to a process that listens to them. */
export function eventDrops(pid: number): number {
  const sockets = readdirSync(`/proc/${pid}/fd`).map(
    fd => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1],
  );
  const row = rows().find(fields => fields[1] === CONNECTOR && sockets.includes(fields.at(-1)));
  if (row === undefined) throw new Error(`${pid} does not listen to process events`);
  return Number(row[8]);
}
