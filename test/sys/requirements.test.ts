import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { missingCapabilities, neededTools } from '../../src/sys/requirements.js';

const recorded = (name: string) =>
  readFile(new URL(`../fixtures/sys/status-${name}.txt`, import.meta.url), 'utf8');

describe('missingCapabilities', () => {
  it('root has all of them', async () => {
    expect(missingCapabilities(await recorded('root'))).toEqual([]);
  });

  it('an ordinary user has none', async () => {
    const all = ['CAP_NET_ADMIN', 'CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH'];
    expect(missingCapabilities(await recorded('user'))).toEqual(all);
  });

  it('root in a container without CAP_SYS_PTRACE lacks just that', async () => {
    expect(missingCapabilities(await recorded('no-ptrace'))).toEqual(['CAP_SYS_PTRACE']);
  });

  it('what does not read as a status counts as nothing', () => {
    expect(missingCapabilities('')).toHaveLength(3);
  });
});

describe('neededTools', () => {
  it('asks for tc only where netem was asked for', () => {
    expect(neededTools({ source: 'journal', hold: 'none' })).toEqual(['nft', 'journalctl']);
    expect(neededTools({ source: 'journal', hold: undefined })).toEqual(['nft', 'journalctl']);
    expect(neededTools({ source: 'journal', hold: 'netem' })).toEqual(['nft', 'journalctl', 'ip', 'tc']);
  });

  it('asks for what a source needs only where that was asked for', () => {
    expect(neededTools({ source: 'nflog', hold: 'none' })).toEqual(['nft', 'setpriv']);
    expect(neededTools({ source: 'auto', hold: 'none' })).toEqual(['nft']);
  });
});
