import { must } from '../sys/exec.js';

/** What tc says of a device, as it prints it: only ever compared, never rebuilt. */
export type QdiscSnapshot = ReadonlyMap<string, string>;

/** Qdiscs, classes and filters of the devices. `class show` prints text in iproute2 6.1 even with -j: kept as it is. */
export async function snapshotQdiscs(devices: readonly string[]): Promise<QdiscSnapshot> {
  const snapshot = new Map<string, string>();
  for (const device of devices) {
    for (const object of ['qdisc', 'class', 'filter']) {
      snapshot.set(`${object} ${device}`, await must('tc', ['-j', object, 'show', 'dev', device]));
    }
  }
  return snapshot;
}

/** What differs, as `qdisc eth0`; empty when all is as it was. */
export function changedQdiscs(before: QdiscSnapshot, after: QdiscSnapshot): string[] {
  return [...before].filter(([key, text]) => after.get(key) !== text).map(([key]) => key);
}
