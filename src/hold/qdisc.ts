import { must } from '../sys/exec.js';

/** What tc says of a device, as it prints it: only ever compared, never rebuilt. */
export type QdiscSnapshot = ReadonlyMap<string, string>;

/** Qdiscs, classes and filters of the devices. `class show` prints text in iproute2 6.1 even with -j: kept as it is. */
export async function snapshotQdiscs(devices: readonly string[]): Promise<QdiscSnapshot> {
  const snapshot = new Map<string, string>();
  for (const device of devices) {
    for (const object of ['qdisc', 'class', 'filter']) {
      const shown = await must('tc', ['-j', object, 'show', 'dev', device]);
      // a counter among htb's options: it moves with the user's own traffic
      snapshot.set(`${object} ${device}`, shown.replace(/"direct_packets_stat":\d+/g, ''));
    }
  }
  return snapshot;
}

/** What differs, as `qdisc eth0`; empty when all is as it was. */
export function changedQdiscs(before: QdiscSnapshot, after: QdiscSnapshot): string[] {
  return [...before].filter(([key, text]) => after.get(key) !== text).map(([key]) => key);
}
