import { describe, expect, it } from 'vitest';
import { sudoLine } from '../../src/sys/sudo.js';

const NVM = '/home/alice/.nvm/versions/node/v22.1.0/bin';

describe('sudoLine', () => {
  it.each([
    ['a Debian package', '/usr/bin/node', '/usr/lib/ptrap/dist/src/cli.js'],
    ['npm -g with the system’s node', '/usr/local/bin/node', '/usr/local/bin/ptrap'],
    ['a checkout', '/usr/bin/node', '/home/alice/ptrap/dist/src/cli.js'],
    ['a script on stdin', '/usr/bin/node', undefined],
  ])('is not needed for %s', (_, node, script) => {
    expect(sudoLine(node, script)).toBeUndefined();
  });

  it.each([
    ['nvm', `${NVM}/node`, `${NVM}/ptrap`, `sudo ${NVM}/node ${NVM}/ptrap`],
    [
      'npm’s prefix in a home',
      '/usr/bin/node',
      '/home/alice/.npm-global/bin/ptrap',
      'sudo /usr/bin/node /home/alice/.npm-global/bin/ptrap',
    ],
    [
      'a checkout and nvm',
      `${NVM}/node`,
      '/home/alice/ptrap/dist/src/cli.js',
      `sudo ${NVM}/node /home/alice/ptrap/dist/src/cli.js`,
    ],
    [
      'a name that a shell would split',
      "/home/it's me/node",
      '/opt/ptrap',
      String.raw`sudo '/home/it'\''s me/node' /opt/ptrap`,
    ],
  ])('names both files for %s', (_, node, script, line) => {
    expect(sudoLine(node, script)).toBe(line);
  });
});
