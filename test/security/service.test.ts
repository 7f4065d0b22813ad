import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { neededCapabilities } from '../../src/sys/requirements.js';

const path = fileURLToPath(new URL('../../systemd/ptrap@.service', import.meta.url));
const unit = readFileSync(path, 'utf8');

describe('systemd/ptrap@.service', () => {
  it('may do what ptrap needs, and no more', () => {
    const bounds = [...unit.matchAll(/^CapabilityBoundingSet=(.*)$/gm)].map(([, names]) => names);
    expect(bounds).toEqual([neededCapabilities({ execUser: undefined }).join(' ')]);
  });

  it('is exposed to 2.6 of 10 at the most, as systemd-analyze counts', () => {
    const args = ['security', '--offline=true', '--threshold=26', '--no-pager', path];
    const said = execFileSync('systemd-analyze', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const level = /exposure level for \S+: ([\d.]+)/.exec(said)?.[1];
    console.log(`exposure level ${level}`);
    expect(Number(level)).toBeLessThanOrEqual(2.6);
  });
});
