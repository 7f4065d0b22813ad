import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { missingCapabilities, neededCapabilities, neededTools } from '../../src/sys/requirements.js';

const recorded = (name: string) =>
  readFile(new URL(`../fixtures/sys/status-${name}.txt`, import.meta.url), 'utf8');

const base = neededCapabilities({ execUser: undefined });

describe('neededCapabilities', () => {
  it('are three, and three more where a command runs as another user', () => {
    expect(base).toEqual(['CAP_NET_ADMIN', 'CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH']);
    expect(neededCapabilities({ execUser: 'nobody' })).toEqual([
      ...base,
      'CAP_SETUID',
      'CAP_SETGID',
      'CAP_KILL',
    ]);
  });

  it('are two more for the kernel’s audit', async () => {
    const audit = neededCapabilities({ execUser: undefined, source: 'audit' });
    expect(audit).toEqual([...base, 'CAP_AUDIT_CONTROL', 'CAP_AUDIT_READ']);
    expect(missingCapabilities(await recorded('root'), audit)).toEqual([]);
    const onlyAudit = `CapEff:\t${((1n << 30n) | (1n << 37n)).toString(16)}\n`; // linux/capability.h
    expect(missingCapabilities(onlyAudit, audit)).toEqual(base);
  });
});

describe('missingCapabilities', () => {
  it('root has all of them', async () => {
    const all = neededCapabilities({ execUser: 'nobody' });
    expect(missingCapabilities(await recorded('root'), all)).toEqual([]);
  });

  it('an ordinary user has none', async () => {
    expect(missingCapabilities(await recorded('user'), base)).toEqual(base);
  });

  it('root in a container without CAP_SYS_PTRACE lacks just that', async () => {
    expect(missingCapabilities(await recorded('no-ptrace'), base)).toEqual(['CAP_SYS_PTRACE']);
  });

  it('what does not read as a status counts as nothing', () => {
    expect(missingCapabilities('', base)).toHaveLength(3);
  });
});

const tools = (wanted: Omit<Parameters<typeof neededTools>[0], 'execUser'>) =>
  neededTools({ ...wanted, execUser: undefined });

describe('neededTools', () => {
  it('asks for tc only where netem was asked for', () => {
    expect(tools({ source: 'journal', hold: 'none' })).toEqual(['nft', 'journalctl']);
    expect(tools({ source: 'journal', hold: undefined })).toEqual(['nft', 'journalctl']);
    expect(tools({ source: 'journal', hold: 'netem' })).toEqual(['nft', 'journalctl', 'ip', 'tc']);
  });

  it('asks for what a source or an option needs only where that was asked for', () => {
    expect(tools({ source: 'nflog', hold: 'none' })).toEqual(['nft', 'setpriv']);
    expect(tools({ source: 'auto', hold: 'none' })).toEqual(['nft']);
    const wanted = { source: 'queue', hold: undefined, execUser: 'nobody' } as const;
    expect(neededTools(wanted)).toEqual(['nft', 'setpriv']);
  });
});
