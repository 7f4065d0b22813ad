import { describe, expect, it } from 'vitest';
import { changeAddressSets, makeAddressSets } from '../../src/nft/address-set.js';
import { LINGER_MS, openAddresses } from '../../src/target/addresses.js';
import { lookupTargets } from '../../src/target/lookup.js';
import { parseTarget } from '../../src/target/parse.js';
import type { Network } from '../../src/target/target.js';

const four = (address: string): Network => ({ family: 'ipv4', address, prefix: 32 });
const six = (address: string): Network => ({ family: 'ipv6', address, prefix: 128 });

describe('the addresses of a name', () => {
  it('are added at once, and leave only when no answer has had them for a while', () => {
    const addresses = openAddresses('host_0', [four('1.1.1.1')], 0);
    expect(addresses.take([four('1.1.1.1')], 1000)).toBeUndefined();
    expect(addresses.take([four('2.2.2.2')], 2000)).toEqual({
      set: 'host_0',
      added: [four('2.2.2.2')],
      removed: [],
      networks: [four('1.1.1.1'), four('2.2.2.2')],
    });
    expect(addresses.take([four('2.2.2.2')], 1000 + LINGER_MS)).toBeUndefined();
    expect(addresses.take([four('2.2.2.2')], 1001 + LINGER_MS)).toMatchObject({
      added: [],
      removed: [four('1.1.1.1')],
      networks: [four('2.2.2.2')],
    });
  });
});

describe('the sets of addresses', () => {
  it('are one for each name and family, whatever it has now', async () => {
    const targets = await lookupTargets(['localhost:1/udp', 'localhost:2/udp', '1.1.1.1'].map(parseTarget));
    expect(targets.map(({ set }) => set)).toEqual(['host_0', 'host_0', undefined]);
    const local = { ...targets[0]!, networks: [four('127.0.0.1')] };
    expect(makeAddressSets('inet t', [local, local])).toEqual([
      'add set inet t host_0_ipv4 { type ipv4_addr; }',
      'add element inet t host_0_ipv4 { 127.0.0.1 }',
      'add set inet t host_0_ipv6 { type ipv6_addr; }',
    ]);
  });

  it('change by elements, new ones first', () => {
    const change = {
      set: 'host_0',
      added: [six('::2'), four('1.2.3.4')],
      removed: [six('::1')],
      networks: [],
    };
    expect(changeAddressSets('inet t', change)).toEqual([
      'add element inet t host_0_ipv4 { 1.2.3.4 }',
      'add element inet t host_0_ipv6 { ::2 }',
      'delete element inet t host_0_ipv6 { ::1 }',
    ]);
  });
});
