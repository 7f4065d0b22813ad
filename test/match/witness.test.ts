import { describe, expect, it } from 'vitest';
import { openWitness, type Testimony } from '../../src/match/witness.js';

/** A packet from a port; `changes` are to what the kernel says of it. */
const packet = (port: number, changes: Partial<Testimony['flow']> = {}, tag = '0'): Testimony => ({
  tag,
  flow: {
    protocol: 'udp',
    src: { address: '10.0.0.2', port },
    dst: { address: '1.1.1.1', port: 53 },
    uid: 1000,
    ...changes,
  },
});

function open(patienceMs = 1000) {
  const kernel = { logged: 0, forged: 0 };
  const witness = openWitness({
    logged: () => Promise.resolve(kernel.logged),
    onForged: () => (kernel.forged += 1),
    patienceMs,
  });
  /** The kernel logs packets and tells of them. */
  const log = (...packets: Testimony[]): void => {
    kernel.logged += packets.length;
    packets.forEach(witness.hear);
  };
  return { kernel, log, ...witness };
}

describe('the witness', () => {
  it('vouches for a line of each packet that was logged, and for no other', async () => {
    const { kernel, log, vouches } = open();
    log(packet(1), packet(1), packet(2));
    expect(await vouches(packet(1))).toBe(true);
    expect(await vouches(packet(2))).toBe(true);
    expect(await vouches(packet(1))).toBe(true);
    expect(await vouches(packet(1))).toBe(false);
    expect(await vouches(packet(3))).toBe(false);
    expect(kernel.forged).toBe(2);
  });

  it.each([
    ['user', packet(1, { uid: 1001 })],
    ['user, none', packet(1, { uid: null })],
    ['source', packet(1, { src: { address: '10.0.0.3', port: 1 } })],
    ['destination', packet(1, { dst: { address: '1.1.1.1', port: 54 } })],
    ['protocol', packet(1, { protocol: 'tcp' })],
    ['direction', packet(1, { iif: 'eth0' })],
    ['target', packet(1, {}, '1')],
  ])('vouches for none with another %s', async (_what, line) => {
    const { log, vouches } = open();
    log(packet(1));
    expect(await vouches(line)).toBe(false);
    expect(await vouches(packet(1))).toBe(true);
  });

  it('compares no ports where the kernel’s line has none, and no uid of what is forwarded', async () => {
    const { log, vouches } = open();
    log(packet(1, { protocol: 'sctp' }), packet(2, { iif: '3', uid: 1000 }));
    const bare = { src: { address: '10.0.0.2' }, dst: { address: '1.1.1.1' } };
    expect(await vouches(packet(1, { protocol: 'sctp', ...bare }))).toBe(true);
    expect(await vouches(packet(2, { iif: 'eth0', uid: null }))).toBe(true);
  });

  it('waits to hear of what was logged before, and only for that', async () => {
    const { kernel, hear, vouches } = open();
    kernel.logged = 2;
    hear(packet(1));
    const [late, forged] = [vouches(packet(2)), vouches(packet(3))];
    setTimeout(() => hear(packet(2)), 20);
    expect(await late).toBe(true);
    expect(await forged).toBe(false);
    expect(kernel.forged).toBe(1);
  });

  it('does not wait for ever for what it was never told of, and blames nobody from then on', async () => {
    const { kernel, log, vouches } = open(20);
    kernel.logged = 1;
    expect(await vouches(packet(1))).toBe(false);
    log(packet(2));
    expect(await vouches(packet(3))).toBe(false);
    expect(await vouches(packet(2))).toBe(true);
    expect(kernel.forged).toBe(0);
  });

  it('is not confused by what comes after all', async () => {
    const { kernel, hear, log, vouches } = open(500);
    kernel.logged = 1;
    expect(await vouches(packet(1))).toBe(false);
    hear(packet(1)); // late
    log(packet(2));
    expect(await vouches(packet(4))).toBe(false);
    kernel.logged += 1;
    setTimeout(() => hear(packet(3)), 10);
    expect(await vouches(packet(3))).toBe(true);
  });

  it('forgets the longest unseen of very many', async () => {
    const { log, vouches } = open();
    for (let port = 0; port <= 65_536; port += 1) log(packet(port));
    expect(await vouches(packet(0))).toBe(false);
    expect(await vouches(packet(1))).toBe(true);
  });
});
