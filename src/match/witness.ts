import { setTimeout as sleep } from 'node:timers/promises';
import type { Flow } from '../events.js';

/** A packet and the rule that logged it. */
export interface Testimony {
  tag: string;
  flow: Pick<Flow, 'protocol' | 'src' | 'dst' | 'iif' | 'uid'>;
}

/**
 * Knows of each packet that rules of ours logged, by a way that is this network namespace's alone. Whoever may make
 * network namespaces can have the kernel write a line behind any prefix, where nf_log_all_netns lets it.
 */
export interface Witness {
  /** Takes what a rule of ours has logged. */
  hear(packet: Testimony): void;
  /** Whether a line is of such a packet; each vouches for one line. Rejects when `logged` does. */
  vouches(line: Testimony): Promise<boolean>;
}

/** What a witness needs. */
export interface WitnessOptions {
  /** How many packets the kernel has logged for us so far. */
  logged(): Promise<number>;
  /** Told of each line that is certainly nobody's packet of ours. */
  onForged(): void;
  /** How long it may take to hear of what was logged before, in ms; what takes longer was missed. */
  patienceMs?: number;
}

/** Packets whose lines are outstanding, by kind; the longest unseen are forgotten first. */
const MOST_KINDS = 65_536;
/** How often it looks whether it has heard of all, in ms. */
const LOOK_MS = 2;

/** Opens one that has heard of nothing. */
export function openWitness({ logged, onForged, patienceMs = 1000 }: WitnessOptions): Witness {
  const outstanding = new Map<string, number>();
  /** Packets that it was told of, and those that it will never be told of. */
  let heard = 0;
  let hasMissed = false;

  function take(kind: string): boolean {
    const count = outstanding.get(kind);
    if (count === undefined) return false;
    if (count > 1) outstanding.set(kind, count - 1);
    else outstanding.delete(kind);
    return true;
  }

  /** Waits until it has heard of all that was logged before now, or of such a packet. */
  async function catchUp(kind: string): Promise<void> {
    const heardBefore = heard;
    const count = await logged();
    heard -= Math.max(0, heardBefore - count); // taken for missed, some came after all
    const until = performance.now() + patienceMs;
    while (heard < count && !outstanding.has(kind)) {
      if (performance.now() > until) {
        heard = count;
        hasMissed = true;
        return;
      }
      await sleep(LOOK_MS);
    }
  }

  return {
    hear(packet) {
      heard += 1;
      const kind = kindOf(packet);
      const count = outstanding.get(kind) ?? 0;
      outstanding.delete(kind);
      outstanding.set(kind, count + 1);
      if (outstanding.size > MOST_KINDS) outstanding.delete(outstanding.keys().next().value!);
    },
    async vouches(line) {
      const kind = kindOf(line);
      if (take(kind)) return true;
      await catchUp(kind);
      if (take(kind)) return true;
      if (!hasMissed) onForged();
      return false;
    },
  };
}

/** What a line tells of a packet, as far as it can matter for who sent it. The kernel writes ports of these alone, and no uid of what is forwarded. */
function kindOf({ tag, flow: { protocol, src, dst, iif, uid } }: Testimony): string {
  const hasPorts = protocol === 'tcp' || protocol === 'udp' || protocol === 'udplite';
  const ports = hasPorts ? `${src.port} ${dst.port}` : '';
  return `${tag} ${protocol} ${src.address} ${dst.address} ${ports} ${iif === undefined ? uid : 'forwarded'}`;
}
