import type { Sighting } from '../events.js';
import type { Recorded } from './entry.js';

/** Who talked to what on one machine, and how often. */
export interface Acquaintance {
  host: string;
  /** The program's path, or as much as is known of who it was. */
  program: string;
  unit: string | null;
  user: string | null;
  dst: string;
  port: number | null;
  protocol: string;
  count: number;
  /** ISO 8601. */
  first: string;
  last: string;
}

type Who = Pick<Acquaintance, 'program' | 'unit' | 'user'>;

/** Adds sightings up, the most frequent first. */
export async function summarise(recorded: AsyncIterable<Recorded>): Promise<Acquaintance[]> {
  const all = new Map<string, Acquaintance>();
  for await (const { host, sighting } of recorded) {
    for (const who of whoOf(sighting)) add(all, host, who, sighting);
  }
  return [...all.values()].sort((a, b) => b.count - a.count || (a.last < b.last ? 1 : -1));
}

function add(all: Map<string, Acquaintance>, host: string, who: Who, { flow, at, count }: Sighting): void {
  const { protocol, dst } = flow;
  const of = { host, ...who, dst: dst.address, port: dst.port ?? null, protocol };
  const key = JSON.stringify(of);
  const known = all.get(key) ?? { ...of, count: 0, first: at, last: at };
  const [first, last] = [at < known.first ? at : known.first, at > known.last ? at : known.last];
  all.set(key, { ...known, count: known.count + count, first, last });
}

/** Each program once: several processes may hold one socket. */
function whoOf({ resolution, flow }: Sighting): Who[] {
  if (resolution.status === 'unresolved') {
    return [{ program: `unknown (${resolution.reason})`, unit: null, user: uidText(flow.uid) }];
  }
  const { processes, sender, grade } = resolution;
  if (processes.length === 0) {
    const user = sender?.user ?? uidText(flow.uid);
    return [{ program: `unknown (${grade})`, unit: sender?.unit ?? null, user }];
  }
  const whos = processes.map(({ exe, comm, unit, user, uid }) => ({
    program: exe ?? comm,
    unit,
    user: user ?? uidText(uid),
  }));
  return [...new Map(whos.map(who => [JSON.stringify(who), who])).values()];
}

function uidText(uid: number | null): string | null {
  return uid === null ? null : `uid ${uid}`;
}
