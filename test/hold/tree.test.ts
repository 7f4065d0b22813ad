import { describe, expect, it } from 'vitest';
import { fingerprint, objectionTo, requestsFor } from '../../src/hold/tree.js';
import { objectOf, objectText, type TrafficObject } from '../../src/netlink/traffic-control.js';

// Recorded from Linux 6.1; attributes as TYPE:VALUE in hex.
const SFQ = '2:ea0500000a0000007f0000000004000080000000' + '7f000000'.padEnd(104, '0');
const HTB = '2:18000200110003000a000000200000000000000000000000' + '08000500e8030000';
const HTB_LATER = HTB.replace('0000000008000500', '2a00000008000500');
const ETS = '2:0500010004000000050002000100000008000380';
const FQ_CODEL = '2:08000100871300000800020000280000080003009f860100';

const ROOT = 0xffffffff;
function object(
  type: TrafficObject['type'],
  kind: string,
  handle: number,
  parent: number,
  ...attributes: string[]
): TrafficObject {
  const all = [`1:${Buffer.from(`${kind}\0`).toString('hex')}`, ...attributes];
  const parsed = all
    .map(text => text.split(':'))
    .map(([flagged = '', value = '']) => [parseInt(flagged, 16), Buffer.from(value, 'hex')] as const);
  return { type, kind, handle, parent, info: 0, attributes: parsed, estimated: false };
}
const optionsOf = ({ attributes }: TrafficObject): string => {
  const [flagged, value] = attributes.find(([type]) => (type & 0x3fff) === 2)!;
  return `${flagged.toString(16)}:${value.toString('hex')}`;
};
const requestOf = (kind: string, options: string): string =>
  optionsOf(requestsFor([object('qdisc', kind, 0x10000, ROOT, options)])[0]!);

describe('what the kernel is asked for, to have it tell the same again', () => {
  it('is what it tells, where it takes that', () => {
    expect(requestOf('pfifo', '2:4d000000')).toBe('2:4d000000');
  });

  it('is the version of htb that it takes', () => {
    expect(requestOf('htb', HTB)).toBe(HTB.replace('11000300', '03000000'));
  });

  it('is no limit for an sfq that has more flows than its limit', () => {
    expect(requestOf('sfq', SFQ)).toBe(SFQ.replace('7f00000000040000', '0000000000040000'));
  });

  it('is the time that CoDel rounds to what it tells', () => {
    const [target, interval] = ['8713', '9f8601'];
    expect(requestOf('fq_codel', FQ_CODEL)).toBe(
      FQ_CODEL.replace(target, '8813').replace(interval, 'a08601'),
    );
  });

  it('has ets nested as it wants', () => {
    expect(requestOf('ets', ETS)).toBe(ETS.replace('2:', '8002:'));
  });

  it('goes from the root on: a qdisc, its classes, what is in them, and then the filters', () => {
    const tree = [
      object('qdisc', 'htb', 0x10000, ROOT, HTB),
      object('qdisc', 'pfifo', 0x200000, 0x10020, '2:4d000000'),
      object('class', 'htb', 0x10020, 0x10001),
      object('class', 'htb', 0x10001, ROOT),
      { ...object('filter', 'u32', 0x80100800, 0x10000), info: 2 },
      { ...object('filter', 'u32', 0x80000800, 0x10000), info: 9 },
      { ...object('filter', 'u32', 0x80000000, 0x10000), info: 9 },
      { ...object('filter', 'u32', 0x00200000, 0x10000), info: 9 },
      { ...object('filter', 'u32', 0, 0x10000), info: 9 },
    ];
    expect(requestsFor(tree).map(({ handle }) => handle)).toEqual([
      0x10000, 0x10001, 0x10020, 0x200000, 0x00200000, 0x80000800, 0x80100800,
    ]);
  });

  it('is nothing where the kernel gives a default of its own', () => {
    expect(
      requestsFor([object('qdisc', 'mq', 0, ROOT), object('qdisc', 'fq_codel', 0, 1, FQ_CODEL)]),
    ).toEqual([]);
  });

  it('has of the flags of a filter those that a user may set', () => {
    const filter = object('filter', 'u32', 0x80000800, 0x10000, '2:08000b0009000000');
    const [, request] = requestsFor([object('qdisc', 'prio', 0x10000, ROOT), filter]);
    expect(optionsOf(request!)).toBe('2:08000b0001000000');
  });
});

describe('fingerprint', () => {
  const tree = [object('qdisc', 'htb', 0x10000, ROOT, HTB), object('class', 'htb', 0x10001, ROOT)];

  it('is the same whatever the counters say, and in whatever order', () => {
    const later = [object('class', 'htb', 0x10001, ROOT), object('qdisc', 'htb', 0x10000, ROOT, HTB_LATER)];
    expect(fingerprint(later)).toEqual(fingerprint(tree));
    const filter = (hits: string): TrafficObject =>
      object('filter', 'u32', 0x80000800, 0x10000, `2:0c000900${hits}0000000008000b0008000000`);
    expect(fingerprint([filter('01000000')])).toEqual(fingerprint([filter('02000000')]));
  });

  it('differs in all else', () => {
    const other = HTB.replace('20000000', '30000000');
    expect(fingerprint([object('qdisc', 'htb', 0x10000, ROOT, other), tree[1]!])).not.toEqual(
      fingerprint(tree),
    );
    expect(fingerprint([object('class', 'htb', 0x10002, ROOT)])).not.toEqual(fingerprint([tree[1]!]));
  });

  it('holds all that it takes to ask for the object again', () => {
    expect(objectText(objectOf(objectText(tree[0]!)))).toBe(objectText(tree[0]!));
    expect(objectOf(fingerprint(tree).at(-1)!)).toEqual(tree[0]);
  });
});

describe('objectionTo', () => {
  it.each([
    ['a qdisc that keeps something to itself', object('qdisc', 'netem', 0x10000, ROOT)],
    ['one that nobody knows', object('qdisc', 'newest', 0x10000, ROOT)],
    ['a filter with actions', object('filter', 'u32', 0x80000800, 0x10000, '2:08000700aaaaaaaa')],
    ['a filter that is a program', object('filter', 'bpf', 1, 0x10000)],
    ['a rate estimator', { ...object('qdisc', 'tbf', 0x10000, ROOT), estimated: true }],
  ])('objects to %s', (_name, found) => {
    expect(objectionTo(found)).toBeTypeOf('string');
  });

  it('lets the rest be tried', () => {
    const filter = object('filter', 'u32', 0x80000800, 0x10000, '2:0800010002000100');
    for (const found of [
      object('qdisc', 'htb', 0x10000, ROOT, HTB),
      object('class', 'htb', 0x10001, ROOT),
      filter,
    ])
      expect(objectionTo(found)).toBeUndefined();
  });
});
