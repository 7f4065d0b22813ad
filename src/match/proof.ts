import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { failure } from '../errors.js';
import type { Match } from '../hooks.js';
import type { Echo, Source } from './source.js';

/** What the proof needs from the other stages. */
export interface ProofOptions {
  source: Source;
  /** Logs packets between a socket of ours and itself until the returned function is called. */
  addProbe(probe: { address: string; port: number }): Promise<() => Promise<void>>;
  /** Resolves the probe as it would any match; false when it does not name this process. */
  confirm(match: Match): Promise<boolean>;
  /** How long one probe may take, in ms. */
  patienceMs: number;
}

/** Probes that are sent: the first ones find everything cold, and count only as proof, not as latency. */
const PROBES = { cold: 5, timed: 8 };

/** IPv4 and UDP header: what a probe packet has beside its payload. */
const HEADER_BYTES = 28;

/**
 * Sends packets of our own through our own rules and waits for each to come back through the source and to be
 * resolved to this process. Gives the longest time that took once all was warm, in ms.
 * @throws PTRAP_E_LOOPBACK_DOWN, what the source's `diagnose` finds, PTRAP_E_PROBE_LOST when only some came back, PTRAP_E_PROBE_UNRESOLVED
 */
export async function proveSource({ source, addProbe, confirm, patienceMs }: ProofOptions): Promise<number> {
  const socket = createSocket('udp4');
  try {
    // any address of 127.0.0.0/8 will do; a rare one meets no rule of the user's
    const address = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    socket.bind({ address, port: 0, exclusive: true });
    await once(socket, 'listening');
    const probe = socket.address();
    const removeProbe = await addProbe(probe);
    // a probe's size tells it from the others
    const echoes = new Map<number, (echo: Echo) => void>();
    source.onEcho(echo => echoes.get(echo.match.flow.length - HEADER_BYTES)?.(echo));
    const latencies: number[] = [];
    const all = PROBES.cold + PROBES.timed;
    for (let size = 0; size < all; size += 1) {
      const sent = performance.now();
      const echoed = within<Echo>(patienceMs, resolve => echoes.set(size, resolve));
      const [echo] = await Promise.all([echoed, send(socket, Buffer.alloc(size), probe)]);
      if (echo && !(await confirm(echo.match))) throw failure('PTRAP_E_PROBE_UNRESOLVED');
      if (echo) latencies.push(performance.now() - sent);
      else if (latencies.length === 0) throw await source.diagnose();
    }
    await removeProbe();
    if (latencies.length < all) throw failure('PTRAP_E_PROBE_LOST', all - latencies.length, all);
    return Math.max(...latencies.slice(PROBES.cold));
  } finally {
    socket.close();
  }
}

/** What else keeps it from leaving, such as a firewall, the source's `diagnose` finds. */
function send(socket: Socket, payload: Buffer, { address, port }: AddressInfo): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(payload, port, address, error => {
      const code = error && 'code' in error ? error.code : undefined;
      if (code === 'ENETUNREACH') reject(failure('PTRAP_E_LOOPBACK_DOWN'));
      else resolve();
    });
  });
}

/** What `subscribe` is answered with, or undefined when that takes longer than `ms`. */
function within<T>(ms: number, subscribe: (resolve: (value: T) => void) => void): Promise<T | undefined> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms, undefined).unref();
    subscribe(value => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

/**
 * The delay that a source of this latency asks for, in ms: three times the slowest probe and 30 ms for a machine that
 * is busier by then, in steps of 10.
 */
export function delayFor(latencyMs: number): number {
  return Math.ceil((latencyMs * 3 + 30) / 10) * 10;
}
