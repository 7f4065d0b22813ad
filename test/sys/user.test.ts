import { describe, expect, it } from 'vitest';
import { findUser, parseAccounts } from '../../src/sys/user.js';

describe('findUser', () => {
  it('finds an account by name or uid', () => {
    const root = { name: 'root', uid: 0, gid: 0, home: '/root' };
    expect(findUser('root')).toMatchObject(root);
    expect(findUser('0')).toMatchObject(root);
  });

  it.each([
    'nobdy',
    '',
    ' ',
    '--help',
    '-1',
    '99999999',
    '99999999999999999999',
    'root\n',
    'root:x',
    '$(id)',
    '\u001b[2J',
  ])('finds none for %j', text => {
    expect(() => findUser(text)).toThrow('PTRAP_E_USER: no user "');
  });

  it('knows one that is near', () => {
    expect(() => findUser('nobdy')).toThrow('did you mean nobody?');
  });
});

describe('parseAccounts', () => {
  it('leaves out what is no account, and has a home and a shell for each', () => {
    const text = 'a:x:1:2:A,,:/home/a:/bin/zsh\nb:x:3:4:::\n#c\n+\nd:x:-1:4::/:/\ne:x:1\n:x:1:1::/:/\n';
    expect(parseAccounts(text)).toEqual([
      { name: 'a', uid: 1, gid: 2, home: '/home/a', shell: '/bin/zsh' },
      { name: 'b', uid: 3, gid: 4, home: '/', shell: '/bin/sh' },
    ]);
  });
});
