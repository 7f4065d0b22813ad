import { readdirSync, readFileSync } from 'node:fs';
import { readProcLink } from '../../sys/proc-file.js';
import type { Origin } from '../source.js';
import type { Call } from './calls.js';

/** Tells whether who called is in our network namespace. */
export interface Whereabouts {
  /** Whether it is; undefined where that cannot be told at once, as it has ended. */
  isHere(call: Call): boolean | undefined;
  /** Whether it was, by where it came from; undefined where that was not seen, or does not tell. */
  wasHere(call: Call): boolean | undefined;
  /** Takes note of a setns or unshare that may have brought its process into another. */
  moved(call: Call): void;
}

/** Of linux/sched.h. */
const CLONE_NEWNET = 0x40000000;
/** Processes that moved and are remembered. */
const MOST_MOVED = 4096;
/** How long it is believed that there is no other network namespace, in ms. */
const FRESH_MS = 500;

/** What is known of calls. */
export interface CallFacts {
  /** Where one who called and has ended came from, as far as that was seen. */
  originOf(call: Call): Origin | undefined;
  /** When it was made at the latest (performance.now()): its record may come long after. */
  madeBy(call: Call): number;
}

/** @param proc root of procfs */
export function openWhereabouts(proc: string, { originOf, madeBy }: CallFacts): Whereabouts {
  const own = netnsOf(proc, 'self');
  /** When that was, by process. */
  const moved = new Map<number, number>();
  let alone = { is: false, at: -Infinity };

  /** Whether every process is in our network namespace, and none is kept without one. */
  function isAlone(): boolean {
    if (performance.now() - alone.at > FRESH_MS)
      alone = { is: hasOneNetns(proc, own), at: performance.now() };
    return alone.is;
  }

  return {
    isHere({ pid }) {
      const found = netnsOf(proc, String(pid));
      if (found !== undefined) return found === own;
      return isAlone() || undefined;
    },
    wasHere(call) {
      const { pid, ppid } = call;
      const { born = -Infinity, netns = null } = originOf(call) ?? {};
      if (moved.has(pid)) return undefined;
      if (netns !== null) return `net:[${netns}]` === own;
      // it was where its parent is, if that did not go elsewhere after its birth
      if ((moved.get(ppid) ?? -Infinity) > born) return undefined;
      const parents = netnsOf(proc, String(ppid));
      return parents === undefined ? undefined : parents === own;
    },
    moved(call) {
      const { name, pid, exit, args } = call;
      const kinds = name === 'setns' ? args[1]! || CLONE_NEWNET : args[0]!;
      if (exit !== 0 || (kinds & CLONE_NEWNET) === 0) return;
      moved.delete(pid);
      moved.set(pid, madeBy(call));
      alone = { is: false, at: performance.now() };
      if (moved.size > MOST_MOVED) moved.delete(moved.keys().next().value!);
    },
  };
}

function netnsOf(proc: string, pid: string): string | undefined {
  return readProcLink(`${proc}/${pid}/ns/net`);
}

/** A namespace without processes is mounted, as `ip netns add` does. */
function hasOneNetns(proc: string, own: string | undefined): boolean {
  const mounts = readFileSync(`${proc}/self/mountinfo`, 'utf8');
  if (/ net:\[\d+\] .* nsfs /.test(mounts)) return false;
  return readdirSync(proc)
    .filter(name => /^\d+$/.test(name))
    .every(pid => [own, undefined].includes(netnsOf(proc, pid)));
}
