import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { hearRelay } from '../../src/netlink/relay.js';
import { recorded } from './fixture.js';

function openChild() {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  return Object.assign(new EventEmitter(), { stdout, stderr, unref: () => undefined });
}

function hear() {
  const child = openChild();
  const heard: Buffer[] = [];
  let ended = 0;
  const relay = hearRelay(child as unknown as Parameters<typeof hearRelay>[0], {
    onMessages: bytes => heard.push(Buffer.from(bytes)),
    onEnd: () => (ended += 1),
  });
  return { child, heard, relay, ended: () => ended };
}

const turn = () => new Promise(resolve => setImmediate(resolve));

describe('hearRelay', () => {
  it('gives whole messages, wherever the pipe cuts them', async () => {
    const bytes = recorded('proc-events');
    for (const cut of [1, 3, 4, 75, 76, 77, 150, 400]) {
      const { child, heard } = hear();
      child.stdout.write(bytes.subarray(0, cut));
      await turn();
      expect(Buffer.concat(heard).length % 76).toBe(0);
      child.stdout.write(bytes.subarray(cut));
      await turn();
      expect(Buffer.concat(heard)).toEqual(bytes);
    }
  });

  it('tells once that the child has ended, and not after disposal', async () => {
    const one = hear();
    one.child.stdout.destroy();
    await turn();
    expect(one.ended()).toBe(1);
    const other = hear();
    other.relay[Symbol.dispose]();
    await turn();
    expect(other.ended()).toBe(0);
    expect(other.child.stdout.destroyed).toBe(true);
  });
});
