import { describe, expect, it } from 'vitest';
import { readEntry } from '../../src/history/entry.js';
import { journalArguments } from '../../src/history/query.js';
import { isTo, runs, type Wanted } from '../../src/history/select.js';
import { showSightings, showSummary } from '../../src/history/show.js';
import { summarise } from '../../src/history/summary.js';
import { parseTarget } from '../../src/target/parse.js';
import { dig, sightingOf } from '../fixtures/report/events.js';

const sighting = sightingOf(17, dig);
const unresolved = sightingOf(18);

const line = (fields: object): string =>
  JSON.stringify({ PTRAP_SIGHTING: JSON.stringify(sighting), _HOSTNAME: 'web-1', ...fields });

async function* recorded(...all: (typeof sighting)[]) {
  for (const one of all) yield await Promise.resolve({ host: 'web-1', sighting: one });
}

async function text(pieces: AsyncIterable<string>): Promise<string> {
  let all = '';
  for await (const piece of pieces) all += piece;
  return all;
}

const wanted = (target: string, address?: string): Wanted => {
  const parsed = parseTarget(target);
  const network = parsed.host.kind === 'network' ? [parsed.host.network] : [];
  return {
    ...parsed,
    addresses: address === undefined ? network : [{ family: 'ipv4', address, prefix: 32 }],
  };
};

describe('journalctl', () => {
  it('is asked for what root wrote, and for no more than is wanted', () => {
    expect(journalArguments({ unit: 'cron.service', host: 'web-1', since: 'yesterday' })).toEqual([
      '--output=json',
      '--all',
      '--quiet',
      '--no-pager',
      '--output-fields=PTRAP_SIGHTING,_HOSTNAME',
      '--since=yesterday',
      expect.stringMatching(/^MESSAGE_ID=[0-9a-f]{32}$/),
      '_UID=0',
      'PTRAP_UNIT=cron.service',
      '_HOSTNAME=web-1',
    ]);
  });

  it.each([
    [{}, '--lines=10'],
    [{ since: 'today' }, '--no-tail'],
  ])('follows, %j', (query, begins) => {
    expect(journalArguments({ ...query, follow: true })).toEqual(
      expect.arrayContaining(['--follow', begins]),
    );
  });
});

describe('an entry', () => {
  it('is the sighting as it was seen', () => {
    expect(readEntry(line({}))).toEqual({ host: 'web-1', sighting });
  });

  it.each([
    ['no JSON', '{'],
    ['no sighting', line({ PTRAP_SIGHTING: undefined })],
    ['a sighting cut short', line({ PTRAP_SIGHTING: '{"schema":1,' })],
    ['bytes that are no text', line({ PTRAP_SIGHTING: [1, 2, 3] })],
    ['something else of ours', line({ PTRAP_SIGHTING: '{"schema":1,"type":"summary"}' })],
    ['a field that is none of ours', line({ PTRAP_SIGHTING: JSON.stringify({ ...sighting, more: 1 }) })],
  ])('is nothing: %s', (_what, text) => {
    expect(readEntry(text)).toBeUndefined();
  });
});

describe('a target', () => {
  const { address, port } = sighting.flow.dst;
  it.each([
    [`${address}:${port}/udp`, true],
    [`${address}`, true],
    [`:${port}`, true],
    ['192.168.0.0/16', true],
    [`${address}:${port}/tcp`, false],
    [`${address}:1-52`, false],
    ['10.0.0.0/8', false],
    ['[2001:db8::]/32', false],
  ])('%s: %s', (target, fits) => {
    expect(isTo([wanted(target)], sighting)).toBe(fits);
  });

  it('is found by its name, by what that stands for now, and by what it was watched as', () => {
    expect(isTo([wanted('example.org', address)], sighting)).toBe(true);
    expect(isTo([wanted('example.org', '203.0.113.1')], sighting)).toBe(false);
    expect(isTo([wanted('example.org')], { ...sighting, target: 'example.org:53/udp' })).toBe(true);
  });

  it('need not be named', () => {
    expect(isTo([], sighting)).toBe(true);
  });
});

it('a program is known by its path and by its name', () => {
  expect([runs('/usr/bin/dig', sighting), runs('dig', sighting)]).toEqual([true, true]);
  expect([runs('/bin/dig', sighting), runs('di', sighting), runs('dig', unresolved)]).toEqual([
    false,
    false,
    false,
  ]);
});

describe('what is shown', () => {
  it('tells day and machine once, for a person', async () => {
    const shown = await text(showSightings(recorded(sighting, sighting), 'pretty', { colour: false }));
    expect(shown.match(/^\d{4}-\d\d-\d\d {2}web-1$/gm)).toHaveLength(1);
    expect(shown.match(/dig\[\d+\] {2}alice/g)).toHaveLength(2);
  });

  it('is the event with its machine, as JSON', async () => {
    const shown = await text(showSightings(recorded(sighting), 'json', { colour: false }));
    expect(JSON.parse(shown)).toEqual({ ...sighting, host: 'web-1' });
  });

  it('has a row for each process as CSV, and no formula', async () => {
    const { resolution } = sighting;
    if (resolution.status !== 'resolved') throw new Error('a fixture');
    const [first] = resolution.processes;
    const evil = { ...first!, comm: '=HYPERLINK("x")', argv: ['a,b', 'c"d', '\u001b[2J'] };
    const shared = { ...sighting, resolution: { ...resolution, processes: [first!, evil] } };
    const [head, one, two, three] = (
      await text(showSightings(recorded(shared, unresolved), 'csv', { colour: false }))
    ).split('\n');
    expect(head).toMatch(/^at,host,id,count,protocol,src,src_port,dst,dst_port,status/);
    expect(one).toContain(',web-1,');
    expect(two).toContain(`"'=HYPERLINK(""x"")"`);
    expect(two).toContain('"a,b c""d \\x1b[2J"');
    expect(three).toContain(',unresolved,,exited,');
  });

  it('adds up who talked to what', async () => {
    const later = { ...sighting, at: '2026-11-25T00:00:00.000000Z', count: 4 };
    const [most, ...others] = await summarise(recorded(unresolved, later, sighting));
    expect(most).toMatchObject({
      program: '/usr/bin/dig',
      host: 'web-1',
      count: sighting.count + 4,
      first: sighting.at,
      last: later.at,
    });
    expect(others).toEqual([expect.objectContaining({ program: 'unknown (exited)', count: 1 })]);
    const shown = showSummary([most!, ...others], 'pretty').split('\n');
    expect(shown[0]).toMatch(/^ *COUNT {2}FIRST +LAST +HOST +PROGRAM +UNIT OR USER +TO$/);
    expect(shown[1]).toMatch(/ web-1 .*\/usr\/bin\/dig .*:53\/udp$/);
    expect(JSON.parse(showSummary([most!], 'json'))).toEqual(most);
    expect(showSummary([most!], 'csv')).toMatch(/^count,first,last,host,program,/);
  });
});
