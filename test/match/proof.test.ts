import { describe, expect, it } from 'vitest';
import { delayFor, proveSource, type Confirmation, type Latencies } from '../../src/match/proof.js';
import type { Echo, Source } from '../../src/match/source.js';

describe('delayFor', () => {
  it.each([
    [0.3, 40],
    [9.1, 60],
    [20, 90],
    [260, 810],
  ])('a source of %s ms asks for a delay of %s ms', (latency, delay) => {
    expect(delayFor(latency)).toBe(delay);
  });

  it('is not shorter than a look-up that finds everything cold', () => {
    expect(delayFor(44.1, 290)).toBe(320);
    expect(delayFor(9.1, 20)).toBe(60);
  });
});

describe('proveSource', () => {
  const HEADERS = 28;

  /** Over a source that gives back every packet at once; `says` is what comes of looking for each. */
  function prove(says: (size: number) => Confirmation): Promise<Latencies> {
    let hear: (echo: Echo) => void = () => undefined;
    const source = { onEcho: (listener: typeof hear) => (hear = listener) } as unknown as Source;
    return proveSource({
      source,
      probe: {
        address: { address: '127.0.0.1', port: 9 },
        send: payload =>
          Promise.resolve(
            hear({ match: { flow: { length: payload.length + HEADERS } }, arrived: 0 } as Echo),
          ),
        [Symbol.dispose]: () => undefined,
      },
      confirm: ({ match }) => Promise.resolve(says(match.flow.length - HEADERS)),
      patienceMs: 1000,
    });
  }

  it('takes some look-ups that come to no end in time for a busy machine, all of them for one that is too busy', async () => {
    const { latencyMs, coldMs } = await prove(size => (size % 2 === 0 ? 'named' : 'timeout'));
    expect(Math.min(latencyMs, coldMs)).toBeGreaterThanOrEqual(0);
    await expect(prove(() => 'timeout')).rejects.toMatchObject({ code: 'PTRAP_E_PROBE_LATE', exit: 1 });
  });

  it('is none where a single one is answered otherwise, and says how', async () => {
    await expect(prove(size => (size === 7 ? 'exited' : 'named'))).rejects.toMatchObject({
      code: 'PTRAP_E_PROBE_UNRESOLVED',
      message: expect.stringContaining('own socket (exited)') as string,
    });
  });
});
