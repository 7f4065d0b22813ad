import { describe, expect, it } from 'vitest';
import { attribute } from '../../src/netlink/message.js';
import { NFGENMSG_BYTES } from '../../src/netlink/netfilter.js';
import { idsIn } from '../../src/rules/cgroup-ids.js';
import { buildSenders } from '../../src/rules/senders.js';

describe('buildSenders', () => {
  it('notes the deepest cgroup of a packet ahead of all else in the chains', () => {
    const commands = buildSenders('abc123', ['log_0_ipv4_tcp', 'log_0_ipv4_ports']);
    const key = (level: number) => `th sport . meta l4proto . socket cgroupv2 level ${level}`;
    const levels = [7, 6, 5, 4, 3, 2, 1, 0];
    expect(commands).toEqual([
      `add set inet ptrap_abc123 senders { typeof ${key(0)}; size 65536; flags dynamic,timeout; timeout 5s; }`,
      'add chain inet ptrap_abc123 sender',
      ...levels.map(level => `add rule inet ptrap_abc123 sender update @senders { ${key(level)} } return`),
      'insert rule inet ptrap_abc123 log_0_ipv4_tcp jump sender',
      'insert rule inet ptrap_abc123 log_0_ipv4_ports jump sender',
    ]);
  });
});

describe('idsIn', () => {
  const key = (port: number, protocol: number, id: bigint): Buffer => {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt16BE(port, 0);
    bytes[4] = protocol;
    bytes.writeBigUInt64LE(id, 8);
    return bytes;
  };
  /** As the kernel lists it: NFTA_SET_ELEM_LIST_ELEMENTS, in that NFTA_LIST_ELEM, NFTA_SET_ELEM_KEY, NFTA_DATA_VALUE. */
  const listing = (...keys: Buffer[]): Buffer => {
    const elements = keys.map(value => attribute(1, attribute(1, attribute(1, value))));
    return Buffer.concat([Buffer.alloc(NFGENMSG_BYTES), attribute(3, Buffer.concat(elements))]);
  };

  it('knows a port by its protocol', () => {
    const ids = idsIn([listing(key(40_001, 17, 5193n)), listing(key(40_001, 6, 2n ** 40n))]);
    expect([...ids]).toEqual([
      [17 * 65_536 + 40_001, 5193n],
      [6 * 65_536 + 40_001, 2n ** 40n],
    ]);
  });

  it('does not choose between cgroups that have used the same port', () => {
    const ids = idsIn([listing(key(9, 17, 1n), key(9, 17, 2n)), listing(key(9, 17, 3n), key(8, 17, 1n))]);
    expect(ids.get(17 * 65_536 + 9)).toBeUndefined();
    expect(ids.get(17 * 65_536 + 8)).toBe(1n);
  });

  it('knows one that the kernel has listed twice', () => {
    const ids = idsIn([listing(key(9, 17, 1n), key(8, 17, 1n)), listing(key(9, 17, 1n))]);
    expect([...ids.values()]).toEqual([1n, 1n]);
  });

  it('leaves out what is no key', () => {
    expect(idsIn([listing(Buffer.alloc(15))]).size).toBe(0);
  });
});
