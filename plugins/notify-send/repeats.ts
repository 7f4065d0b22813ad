import type { Sighting } from 'ptrap';

/** Most senders that are remembered; what was seen longest ago is forgotten. */
const MOST = 200;

/** What is shown of one sender and destination. */
export interface Shown {
  /** How many sightings it stands for. */
  count: number;
  /** The notification's number on each desktop, by the desktop's user. */
  numbers: Map<number, number>;
}

/** Finds what is shown of a sighting's sender and destination already, and adds to its count. */
export function createRepeats(): (sighting: Sighting, count: number) => Shown {
  const all = new Map<string, Shown>();
  return (sighting, count) => {
    const key = keyOf(sighting);
    const shown = all.get(key) ?? { count: 0, numbers: new Map<number, number>() };
    shown.count += count;
    all.delete(key);
    all.set(key, shown);
    const [oldest] = all.keys();
    if (all.size > MOST && oldest !== undefined) all.delete(oldest);
    return shown;
  };
}

/** The program, not its pid: a script that calls the same one again and again is one sender. */
function keyOf({ resolution, flow: { protocol, dst } }: Sighting): string {
  const processes = resolution.status === 'resolved' ? resolution.processes : [];
  return JSON.stringify([processes.map(({ exe, comm }) => exe ?? comm), protocol, dst.address, dst.port]);
}
