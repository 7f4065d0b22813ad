import { describe, expect, it } from 'vitest';
import { encodeRule, readRule, readStatus, enabledStatus } from '../../src/netlink/audit.js';
import { eachRecord, readRecord } from '../../src/netlink/audit-record.js';
import { architecturesOf, callRules, nameCalls, ruleText } from '../../src/netlink/audit-syscalls.js';
import { auditMessage, records, SENDTO } from './audit-records.js';

/** The bytes of them all. */
const stream = Buffer.concat(records(SENDTO));

describe('records of the kernel’s audit', () => {
  it('follow one another without padding, and are cut anywhere', () => {
    for (let cut = 0; cut <= stream.length; cut += 7) {
      const types: number[] = [];
      const end = eachRecord(stream.subarray(0, cut), type => types.push(type));
      eachRecord(stream.subarray(end), type => types.push(type));
      expect(types).toEqual([1300, 1306, 1327, 1320]);
    }
  });

  it('tell of a call, its process and its arguments', () => {
    const [call] = read(records(SENDTO));
    expect(call).toMatchObject({
      what: 'call',
      serial: 6,
      call: {
        at: 1_795_758_227_478,
        arch: 0xc000003e,
        number: 44,
        exit: 5,
        args: [3, 0x9995f840, 5, 0],
        ppid: 6412,
        pid: 6414,
        loginUid: null,
        uid: 0,
        exe: '/usr/bin/perl',
      },
    });
  });

  it('tell of its address and its end', () => {
    const [, address, end] = read(records(SENDTO));
    expect(address).toMatchObject({ what: 'address', serial: 6 });
    expect(address?.what === 'address' && address.bytes.toString('hex')).toBe(
      '020000097f0000050000000000000000',
    );
    expect(end).toEqual({ what: 'end', serial: 6 });
  });

  it('have a path in hex where it could be mistaken for more', () => {
    const path = Buffer.from('/tmp/a" exe="/bin/true" key="x').toString('hex').toUpperCase();
    const [record] = read(
      records(SENDTO.map(([type, text]) => [type, text.replace('"/usr/bin/perl"', path)])),
    );
    expect(record?.what === 'call' && record.call.exe).toBe('/tmp/a" exe="/bin/true" key="x');
  });

  it.each([
    ['of a user, who may write what he likes', 1112],
    ['of another kind of the kernel’s', 1307],
  ])('%s are none', (_, type) => {
    expect(readRecord(type, Buffer.from(SENDTO[0]![1]))).toBeUndefined();
  });

  it('that are not as the kernel writes them are none', () => {
    const text = SENDTO[0]![1];
    for (const broken of [
      text.replace('pid=6414', 'pid=-1'),
      text.replace('exit=5 ', ''),
      ` ${text}`,
      text.slice(0, text.indexOf('exe=')),
    ]) {
      expect(readRecord(1300, Buffer.from(broken)), broken).toBeUndefined();
    }
  });

  it('tell that auditing was turned off, or a rule removed', () => {
    const off = 'audit(1795758227.674:13): op=set audit_enabled=0 old=1 auid=4294967295 ses=4294967295 res=1';
    const gone =
      'audit(1795758227.626:9): auid=4294967295 ses=4294967295 op=remove_rule key="ptrap-exp001" list=4 res=1';
    expect(readRecord(1305, Buffer.from(off))).toEqual({ what: 'off', serial: 13 });
    expect(readRecord(1305, Buffer.from(gone))).toEqual({
      what: 'rule removed',
      serial: 9,
      key: 'ptrap-exp001',
    });
  });

  it('whose length lies are refused', () => {
    const bytes = auditMessage(1300, 'x');
    bytes.writeUInt32LE(15, 0);
    expect(() => eachRecord(bytes, () => undefined)).toThrow('PTRAP_E_NETLINK_MALFORMED');
  });
});

describe('audit rules', () => {
  it('are read as they were written', () => {
    const rule = encodeRule({ syscalls: [42, 307], fields: [[11, 0xc000003e]], key: 'ptrap-abc123' });
    expect(readRule(rule)).toEqual({ list: 4, action: 2, key: 'ptrap-abc123' });
    expect(rule.length).toBe(1040 + 'ptrap-abc123'.length);
    expect(rule.readUInt32LE(12 + 4)).toBe(1 << 10);
    expect(rule.readUInt32LE(12 + 4 * 9)).toBe(1 << 19);
  });

  it('of others, with texts before the key, keep theirs', () => {
    const rule = encodeRule({ syscalls: [], fields: [[112, 4]], key: 'abc' });
    const named = Buffer.concat([rule.subarray(0, 1040), Buffer.from('/bin'), Buffer.from('abc')]);
    named.writeUInt32LE(7, 1036);
    expect(readRule(named)?.key).toBe('abc');
  });

  it('whose lengths lie are none', () => {
    const rule = encodeRule({ syscalls: [], fields: [], key: 'abc' });
    expect(readRule(rule.subarray(0, -1))).toBeUndefined();
    rule.writeUInt32LE(65, 8);
    expect(readRule(rule)).toBeUndefined();
  });

  it('are few, and leave calls to unix sockets out where the kernel can', () => {
    const all = architecturesOf('x64')!;
    expect(callRules(all, 'k', { sends: true, byFamily: true }).map(ruleText)).toEqual([
      'auditctl -a always,exit -F arch=0xc000003e -S 41,308,272,44,46,307 -k k',
      'auditctl -a always,exit -F arch=0xc000003e -S 42 -F saddr_fam=2 -k k',
      'auditctl -a always,exit -F arch=0xc000003e -S 42 -F saddr_fam=10 -k k',
      'auditctl -a always,exit -F arch=0x40000003 -S 359,346,310,369,370,345,362,102 -k k',
    ]);
    expect(callRules(all, 'k', { sends: false, byFamily: false })).toHaveLength(2);
    expect(architecturesOf('mips')).toBeUndefined();
    expect(architecturesOf('constructor')).toBeUndefined();
  });

  it('know a call by its number on each architecture', () => {
    const nameOf = nameCalls(architecturesOf('arm64')!);
    expect(nameOf(0xc00000b7, 203)).toBe('connect');
    expect(nameOf(0x40000028, 203)).toBeUndefined();
  });
});

describe('the status of audit', () => {
  it('is read, and set in nothing but whether it is on', () => {
    expect(readStatus(enabledStatus(1))).toEqual({ enabled: 1, failure: 0, pid: 0, rateLimit: 0, lost: 0 });
    expect(enabledStatus(1).readUInt32LE(0)).toBe(1);
    expect(readStatus(Buffer.alloc(31))).toBeUndefined();
  });
});

function read(messages: readonly Buffer[]) {
  const found: NonNullable<ReturnType<typeof readRecord>>[] = [];
  eachRecord(Buffer.concat(messages), (type, payload) => {
    const record = readRecord(type, payload);
    if (record) found.push(record);
  });
  return found;
}
