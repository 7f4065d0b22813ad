import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/doctor/journald.js';
import { field } from '../../src/doctor/machine.js';
import { readVersion } from '../../src/doctor/tools.js';

describe('what tools and files say', () => {
  it.each([
    ['nftables v1.0.6 (Lester Gooch #5)', '1.0.6'],
    ['ip utility, iproute2-6.1.0, libbpf 1.1.0', '6.1.0'],
    ['systemd 252 (252.38-1~deb12u1)\n+PAM', '252.38'],
    ['kmod version 30\n+ZSTD', '30'],
    ['setpriv from util-linux 2.38.1', '2.38.1'],
  ])('%s', (text, version) => {
    expect(readVersion(text)).toBe(version);
  });

  it('os-release with and without quotes', () => {
    const text = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID=12\nID=debian\n';
    expect(field(text, 'PRETTY_NAME')).toBe('Debian GNU/Linux 12 (bookworm)');
    expect(field(text, 'ID')).toBe('debian');
    expect(field(text, 'NAME')).toBeUndefined();
  });

  it('journald.conf: comments are none, the last one wins', () => {
    const texts = [
      '[Journal]\n#Storage=auto\nRateLimitBurst = 5\n',
      '[Journal]\nStorage=volatile\nRateLimitBurst=7\n',
    ];
    expect(Object.fromEntries(readSettings(texts))).toEqual({ Storage: 'volatile', RateLimitBurst: '7' });
  });
});
