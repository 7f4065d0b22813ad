import { describe, expect, it } from 'vitest';
import type { Option } from '../../src/config/option.js';
import { cliOptions, options } from '../../src/config/options.js';
import { requireConfig, requireValue } from '../../src/config/validate.js';
import { PtrapError } from '../../src/errors.js';

const FILE = '/etc/ptrap.config.ts';

function refused(act: () => unknown): PtrapError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(PtrapError);
    return error as PtrapError;
  }
  throw new Error('was not refused');
}

describe('requireConfig', () => {
  it('takes every key', () => {
    const config = {
      $schema: './config.schema.json',
      targets: ['192.168.1.1:53/udp', '[2001:db8::1]:443'],
      newConnections: true,
      source: 'journal',
      hold: 'none',
      delay: '0.5s',
      limit: 3,
      limitPer: 'process',
      exec: 'ps -o comm=',
      plugins: ['json-logger', ['json-logger', { file: '/x' }], { name: 'mine', apply: () => undefined }],
      output: 'json',
      count: 1,
      for: 1500,
      failOnMatch: true,
      verbose: false,
    };
    expect(requireConfig(config, FILE)).toEqual(config);
  });

  it('takes an undefined value as an absent one', () => {
    expect(() => requireConfig({ limit: undefined }, FILE)).not.toThrow();
  });

  const targets = 'a list of targets such as "192.168.1.1:53/udp"';
  const plugins = 'a list of plugins: each a name, a path, [name, options] or a plugin';
  const delay = 'auto, milliseconds or a duration such as 60ms, 0.5s, 10m, from 1ms to 60s';

  it.each<[unknown, string]>([
    [null, 'found null; allowed: an object with options'],
    [[], 'found []; allowed: an object with options'],
    ['x', 'found "x"; allowed: an object with options'],
    [() => ({}), 'found a function; allowed: an object with options'],
    [{ targets: '1.1.1.1' }, `targets: found "1.1.1.1"; allowed: ${targets}`],
    [{ targets: ['1.1.1.1', 5] }, `targets[1]: found 5; allowed: ${targets}`],
    [{ newConnections: 'yes' }, 'newConnections: found "yes"; allowed: true or false'],
    [{ hold: 'queue' }, 'hold: found "queue"; allowed: netem, none'],
    [{ delay: '60 ms' }, `delay: found "60 ms"; allowed: ${delay}`],
    [{ delay: 0 }, `delay: found 0; allowed: ${delay}`],
    [{ delay: '2m' }, `delay: found "2m"; allowed: ${delay}`],
    [{ delay: '60' }, `delay: found "60"; allowed: ${delay}`],
    [{ limit: 0 }, 'limit: found 0; allowed: a whole number from 1 to 1000000'],
    [{ limit: 1.5 }, 'limit: found 1.5; allowed: a whole number from 1 to 1000000'],
    [{ limit: '5' }, 'limit: found "5"; allowed: a whole number from 1 to 1000000'],
    [{ limitPer: 'pid' }, 'limitPer: found "pid"; allowed: connection, process, executable, none'],
    [{ exec: ['ps'] }, 'exec: found ["ps"]; allowed: a text'],
    [{ exec: '' }, 'exec: found ""; allowed: a text'],
    [{ plugins: 'exec' }, `plugins: found "exec"; allowed: ${plugins}`],
    [{ plugins: ['a', 7] }, `plugins[1]: found 7; allowed: ${plugins}`],
    [{ plugins: [{ name: 'x' }] }, `plugins[0]: found {"name":"x"}; allowed: ${plugins}`],
    [{ plugins: [() => ({})] }, `plugins[0]: found a function; allowed: ${plugins}`],
    [{ output: 'yaml' }, 'output: found "yaml"; allowed: pretty, live, json, quiet'],
    [{ count: -1 }, 'count: found -1; allowed: a whole number from 1'],
    [
      { for: '30d' },
      'for: found "30d"; allowed: milliseconds or a duration such as 60ms, 0.5s, 10m, from 1ms to 24d',
    ],
    [
      { for: Infinity },
      'for: found Infinity; allowed: milliseconds or a duration such as 60ms, 0.5s, 10m, from 1ms to 24d',
    ],
    [{ failOnMatch: 1 }, 'failOnMatch: found 1; allowed: true or false'],
    [{ exec: 5, limit: 'x' }, 'limit: found "x"; allowed: a whole number from 1 to 1000000'],
  ])('refuses %j', (content, message) => {
    const error = refused(() => requireConfig(content, FILE));
    expect(error).toMatchObject({ code: 'PTRAP_E_CONFIG', exit: 2 });
    expect(error.message).toBe(`PTRAP_E_CONFIG: ${FILE}: ${message}`);
  });

  it('refuses a target as the command line would', () => {
    const error = refused(() => requireConfig({ targets: ['1.1.1.1', '1.1.1.1:99999'] }, FILE));
    expect(error).toMatchObject({ exit: 2 });
    expect(error.message).toBe(
      `PTRAP_E_CONFIG_TARGET: ${FILE}: targets[1]: found "1.1.1.1:99999"; allowed: a port from 1 to 65535, or a range such as 1000-2000`,
    );
  });

  it.each<[object, string]>([
    [{ limt: 5 }, 'unknown key limt; did you mean limit?'],
    [{ limit_per: 'none' }, 'unknown key limit_per; did you mean limitPer?'],
    [{ plugin: [] }, 'unknown key plugin; did you mean plugins?'],
    [
      { dryRun: true },
      'unknown key dryRun; allowed: targets, newConnections, netns, forwarded, source, hold, holdStrategy, delay, processTable, limit, limitPer, exec, execUser, plugins, output, count, for, failOnMatch, verbose',
    ],
    [
      { '\u001b[2J': 1 },
      'unknown key \\x1b[2J; allowed: targets, newConnections, netns, forwarded, source, hold, holdStrategy, delay, processTable, limit, limitPer, exec, execUser, plugins, output, count, for, failOnMatch, verbose',
    ],
  ])('refuses the key in %j', (content, message) => {
    const error = refused(() => requireConfig(content, FILE));
    expect(error).toMatchObject({ code: 'PTRAP_E_CONFIG_KEY', exit: 2 });
    expect(error.message).toBe(`PTRAP_E_CONFIG_KEY: ${FILE}: ${message}`);
  });
});

describe('requireValue', () => {
  it.each<[Option, string, unknown]>([
    [options.limit, '5', 5],
    [options.delay, '60', 60],
    [options.delay, '0.5s', '0.5s'],
    [options.delay, 'auto', 'auto'],
    [options.for, '10m', '10m'],
    [options.output, 'json', 'json'],
    [options.exec, '5', '5'],
    [cliOptions.port, '53', '53'],
  ])('$flag %s', (option, text, value) => {
    expect(requireValue(option, text)).toBe(value);
  });

  it.each<[Option, string, string]>([
    [options.limit, 'abc', '--limit: found "abc"; allowed: a whole number from 1 to 1000000'],
    [options.limit, '', '--limit: found nothing; allowed: a whole number from 1 to 1000000'],
    [options.limit, '-3', '--limit: found "-3"; allowed: a whole number from 1 to 1000000'],
    [
      options.limit,
      '99999999999999999999',
      '--limit: found "99999999999999999999"; allowed: a whole number from 1 to 1000000',
    ],
    [options.output, 'xml', '--output: found "xml"; allowed: pretty, live, json, quiet'],
    [options.exec, '', '--exec: found nothing; allowed: a text'],
  ])('refuses $flag %s', (option, text, message) => {
    const error = refused(() => requireValue(option, text));
    expect(error).toMatchObject({ code: 'PTRAP_E_VALUE', exit: 2, message: `PTRAP_E_VALUE: ${message}` });
  });
});
