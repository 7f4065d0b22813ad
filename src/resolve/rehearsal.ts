import { createSocket, type Socket } from 'node:dgram';
import type { Flow } from '../events.js';
import type { Resolver } from './resolver.js';
import type { ProcessTable } from './table.js';

/** A resolver that is quick when the next match comes: what a look-up needs is compiled, and in the processor's caches. */
export interface Rehearsal extends Resolver {
  /** From now on look-ups are rehearsed after matches. Where ptrap cannot have a socket for that, they are not. */
  begin(): void;
}

/** Nothing is ever sent there. */
const [LOOPBACK, DISCARD] = ['127.0.0.1', 9];
/** So long after a match the next one is likely, in ms. */
const LIKELY_MS = 300;
/** In so many ms other processes have driven what a look-up needs out of the caches. */
const COLD_MS = 3;
/** What rehearsing may take of a processor. */
const SHARE = 0.2;

/**
 * Looks, for a while after each match, again and again for the owner of a socket of ptrap's own: a look-up that comes
 * after a pause takes half as long again.
 * @param table while it is not complete, a look-up is a search through /proc, and none is rehearsed
 */
export function openRehearsal(resolver: Resolver, table: Pick<ProcessTable, 'isComplete'>): Rehearsal {
  let socket: Socket | undefined;
  let flow: Flow | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isGoing = false;
  let [matched, over, underWay] = [-Infinity, -Infinity, 0];

  function later(ms: number): void {
    timer = flow && setTimeout(rehearse, ms, flow).unref();
    isGoing = flow !== undefined;
  }

  function rehearse(own: Flow): void {
    const now = performance.now();
    isGoing = now <= matched + LIKELY_MS;
    if (!isGoing) return;
    if (underWay > 0 || now < over + COLD_MS || !table.isComplete) return later(COLD_MS);
    const goOn = () => later(Math.max(COLD_MS, (performance.now() - now) / SHARE));
    const at = new Date(performance.timeOrigin + now).toISOString();
    resolver.resolve({ target: '', at, flow: own }).then(goOn, goOn); // the next match says why it failed
  }

  function open(): Socket {
    const opened = createSocket('udp4').unref();
    opened.on('error', () => undefined); // there is no loopback device: it stays as it is
    opened.once('connect', () => {
      const src = { address: LOOPBACK, port: opened.address().port };
      const dst = { address: LOOPBACK, port: DISCARD };
      const [uid, gid] = [process.geteuid!(), process.getegid!()];
      flow = { family: 'ipv4', protocol: 'udp', src, dst, length: 0, oif: 'lo', uid, gid };
    });
    opened.connect(DISCARD, LOOPBACK);
    return opened;
  }

  return {
    begin: () => void (socket ??= open()),
    async resolve(match, arrived, caller) {
      matched = performance.now();
      if (!isGoing) later(COLD_MS);
      underWay += 1;
      try {
        return await resolver.resolve(match, arrived, caller);
      } finally {
        underWay -= 1;
        over = performance.now();
      }
    },
    [Symbol.dispose]() {
      flow = undefined;
      clearTimeout(timer);
      socket?.removeAllListeners('connect').close();
      socket = undefined;
      resolver[Symbol.dispose]();
    },
  };
}
