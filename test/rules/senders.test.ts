import { describe, expect, it } from 'vitest';
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

  it('knows a port by its protocol', () => {
    const ids = idsIn([key(40_001, 17, 5193n), key(40_001, 6, 2n ** 40n)]);
    expect([...ids]).toEqual([
      ['17 40001', 5193n],
      ['6 40001', 2n ** 40n],
    ]);
  });

  it('does not choose between cgroups that have used the same port', () => {
    const ids = idsIn([key(9, 17, 1n), key(9, 17, 2n), key(9, 17, 3n), key(8, 17, 1n)]);
    expect(ids.get('17 9')).toBeUndefined();
    expect(ids.get('17 8')).toBe(1n);
  });

  it('leaves out what is no key', () => {
    expect(idsIn([Buffer.alloc(15)]).size).toBe(0);
  });
});
