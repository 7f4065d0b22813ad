import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { failure } from '../errors.js';
import type { Grade, UnresolvedReason } from '../events.js';
import type { Echo, Source } from './source.js';

/** A socket of our own that sends to itself. */
export interface Probe extends Disposable {
  /** Where its packets go from and to: an address in 127.0.0.0/8 and a UDP port. */
  readonly address: ProbeAddress;
  send(payload: Buffer): Promise<void>;
}

/** The address of a probe. */
export interface ProbeAddress {
  address: string;
  port: number;
}

/** What comes of looking for the socket of a probe. */
export type Confirmation = 'named' | Grade | UnresolvedReason;

/** What the proof needs from the other stages. */
export interface ProofOptions {
  source: Source;
  /** Its packets reach the source. */
  probe: Probe;
  /** Resolves the probe as it would any match; what it says where that does not name this process. */
  confirm(arrival: Echo): Promise<Confirmation>;
  /** How long one probe may take, in ms. */
  patienceMs: number;
}

/** Probes that are sent: the first ones find everything cold, and count only as proof, not as latency. */
const PROBES = { cold: 5, timed: 8 };

/** IPv4 and UDP header: what a probe packet has beside its payload. */
const HEADER_BYTES = 28;

/** How long a probe took at the most, in ms. */
export interface Latencies {
  latencyMs: number;
  /** The first ones, which found everything cold. */
  coldMs: number;
}

/** Opens a probe. */
export async function openProbe(): Promise<Probe> {
  const socket = createSocket('udp4');
  // any address of 127.0.0.0/8 will do; a rare one meets no rule of the user's
  const address = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  socket.bind({ address, port: 0, exclusive: true });
  await once(socket, 'listening');
  const { port } = socket.address();
  return {
    address: { address, port },
    send: payload => send(socket, payload, { address, port }),
    [Symbol.dispose]: () => void socket.close(),
  };
}

/**
 * Sends packets of our own and waits for each to come back through the source and to be resolved to this process.
 * Gives the longest time that took once all was warm, and before, in ms.
 * @throws PTRAP_E_LOOPBACK_DOWN, what the source's `diagnose` finds, PTRAP_E_PROBE_LOST when only some came back, PTRAP_E_PROBE_LATE, PTRAP_E_PROBE_UNRESOLVED
 */
export async function proveSource({ source, probe, confirm, patienceMs }: ProofOptions): Promise<Latencies> {
  // a probe's size tells it from the others
  const echoes = new Map<number, (echo: Echo) => void>();
  source.onEcho(echo => echoes.get(echo.match.flow.length - HEADER_BYTES)?.(echo));
  const latencies: number[] = [];
  let late = 0;
  const all = PROBES.cold + PROBES.timed;
  for (let size = 0; size < all; size += 1) {
    const sent = performance.now();
    const echoed = within<Echo>(patienceMs, resolve => echoes.set(size, resolve));
    const [echo] = await Promise.all([echoed, probe.send(Buffer.alloc(size))]);
    const found = echo && (await confirm(echo));
    if (found === 'timeout') late += 1;
    else if (found !== undefined && found !== 'named') throw failure('PTRAP_E_PROBE_UNRESOLVED', found);
    if (echo) latencies.push(performance.now() - sent);
    else if (latencies.length === 0) throw await source.diagnose();
  }
  if (late === all) throw failure('PTRAP_E_PROBE_LATE');
  if (latencies.length < all) throw failure('PTRAP_E_PROBE_LOST', all - latencies.length, all);
  const [coldMs, latencyMs] = [latencies.slice(0, PROBES.cold), latencies.slice(PROBES.cold)].map(some =>
    Math.max(...some),
  );
  return { latencyMs: latencyMs!, coldMs: coldMs! };
}

/** What else keeps it from leaving, such as a firewall, the source's `diagnose` finds. */
function send(socket: Socket, payload: Buffer, { address, port }: ProbeAddress): Promise<void> {
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
 * is busier by then, in steps of 10; what is cold has to do, too, since the first packet of another protocol finds it so.
 */
export function delayFor(latencyMs: number, coldMs = 0): number {
  return Math.ceil((Math.max(latencyMs * 3, coldMs) + 30) / 10) * 10;
}
