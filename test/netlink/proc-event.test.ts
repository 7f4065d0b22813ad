import { describe, expect, it } from 'vitest';
import { messagesOf } from '../../src/netlink/message.js';
import { readProcMessage } from '../../src/netlink/proc-event.js';
import { recorded } from './fixture.js';

/** A program that is started, calls itself "renamed", runs a thread, becomes uid 1000, and ends. */
const payloads = messagesOf(recorded('proc-events')).map(({ payload }) => payload);

describe('readProcMessage', () => {
  it('reads the acknowledgement: the number of the request and one', () => {
    expect(readProcMessage(payloads[0]!)).toEqual({ acknowledgement: { number: 42, errno: 0 } });
  });

  it('reads what a program does, threads as their process', () => {
    const at = expect.any(Number) as number;
    const [pid, parent] = [2482, 2471];
    expect(payloads.slice(1).map(payload => readProcMessage(payload)?.event)).toEqual([
      { what: 'fork', at, pid, parent },
      { what: 'exec', at, pid },
      { what: 'comm', at, pid, comm: 'renamed' },
      { what: 'thread-start', at, pid },
      { what: 'thread-exit', at, pid },
      { what: 'uid', at, pid, real: 1000, effective: 1000 },
      { what: 'exit', at, pid },
    ]);
  });

  it('gives times in ms on one clock, in the order of the events', () => {
    const times = payloads.slice(1).map(payload => readProcMessage(payload)!.event!.at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(-1)! - times[0]!).toBeCloseTo(94.754, 2);
  });

  it('puts an event of now at now', () => {
    const payload = Buffer.from(payloads[1]!);
    payload.writeBigUInt64LE(process.hrtime.bigint(), 28);
    expect(Math.abs(readProcMessage(payload)!.event!.at - performance.now())).toBeLessThan(5);
  });

  it('has nothing to say about bytes that are cut off, or another connector’s', () => {
    const [, fork] = payloads;
    for (let length = 0; length < fork!.length; length++) {
      expect(readProcMessage(fork!.subarray(0, length))).toBeUndefined();
    }
    const other = Buffer.from(fork!);
    other.writeUInt32LE(2, 0);
    expect(readProcMessage(other)).toBeUndefined();
  });
});
