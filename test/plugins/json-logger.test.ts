import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  link,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonLogger } from 'ptrap/plugins';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDispatch } from '../../src/report/dispatch.js';
import { dig, sightingOf, summary } from '../fixtures/report/events.js';
import { open } from '../plugin/open.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-log-'));
  file = join(folder, 'log.ndjson');
});
afterEach(() => rm(folder, { recursive: true }));

async function logging(path = file) {
  const opened = await open(jsonLogger({ file: path }));
  return { ...opened, dispatch: openDispatch(opened.host.sinks) };
}

const linesOf = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as unknown);

describe('json-logger', () => {
  it('does not wait for a reader of a FIFO that takes nothing: it counts what did not go in', async () => {
    execFileSync('mkfifo', ['-m', '600', file]);
    const { dispatch, host, failures, logged } = await logging();
    for (let number = 1; number <= 900; number++) dispatch.deliver(sightingOf(number, dig));
    await dispatch.drain(5000);
    await host[Symbol.asyncDispose]();
    expect(failures.map(({ hook, message }) => `${hook}: ${message}`)).toEqual([
      expect.stringContaining('report: EAGAIN'),
      expect.stringMatching(/^dispose: \d{3} lines not written to /),
    ]);
    expect(logged).toEqual([]);
  });

  it('appends sightings in order and the summary, in a file of mode 0600', async () => {
    const { host, dispatch, failures } = await logging();
    const sightings = Array.from({ length: 300 }, (_, number) => sightingOf(number, dig));
    for (const sighting of sightings) dispatch.deliver(sighting);
    await dispatch.drain(5000);
    await host.done(summary);
    await host[Symbol.asyncDispose]();
    expect(await linesOf(file)).toEqual([...sightings, summary]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(failures).toEqual([]);
    expect(process.listenerCount('SIGHUP')).toBe(0);
  });

  it('appends to what is there, after a line that was left unfinished', async () => {
    await writeFile(file, '{"old":1}\n{"torn":');
    await chmod(file, 0o640);
    const { host } = await logging();
    await host.done(summary);
    await host[Symbol.asyncDispose]();
    expect(await readFile(file, 'utf8')).toBe(`{"old":1}\n{"torn":\n${JSON.stringify(summary)}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  it('follows no symbolic link', async () => {
    await symlink(join(folder, 'elsewhere'), file);
    const { failures } = await logging();
    expect(failures.map(({ kind }) => kind)).toEqual(['threw', 'disabled']);
    expect(failures[0]?.message).toContain('ELOOP');
  });

  it.each([
    ['made by another user', () => chown(file, 4712, 4712), 'belongs to another user (uid 4712)'],
    ['that has another name', () => link(file, join(folder, 'shadow')), 'has another name'],
  ])('writes to no file %s', async (_how, change, why) => {
    await writeFile(file, '{"old":1}');
    await change();
    const { failures } = await logging();
    expect(failures.map(({ kind }) => kind)).toEqual(['threw', 'disabled']);
    expect(failures[0]?.message).toContain(why);
    expect(await readFile(file, 'utf8')).toBe('{"old":1}');
  });

  it('reopens on SIGHUP, and loses nothing over it', async () => {
    const { host, dispatch } = await logging();
    const rotated = `${file}.1`;
    for (let number = 1; number <= 50; number++) dispatch.deliver(sightingOf(number, dig));
    await rename(file, rotated);
    process.kill(process.pid, 'SIGHUP');
    await expect
      .poll(() =>
        stat(file).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    for (let number = 51; number <= 100; number++) dispatch.deliver(sightingOf(number, dig));
    await dispatch.drain(5000);
    await host[Symbol.asyncDispose]();
    const ids = [...(await linesOf(rotated)), ...(await linesOf(file))].map(
      line => (line as { id: string }).id,
    );
    expect(ids).toEqual(Array.from({ length: 100 }, (_, index) => `k3v9qa-${index + 1}`));
    expect((await linesOf(file)).length).toBeGreaterThanOrEqual(50);
  });

  it('keeps the old file when the new one cannot be opened', async () => {
    const { host, dispatch, logged } = await logging();
    await rename(file, `${file}.1`);
    await symlink('nowhere', file);
    process.kill(process.pid, 'SIGHUP');
    await expect.poll(() => logged).toHaveLength(1);
    expect(logged[0]).toContain('not reopened: ELOOP');
    dispatch.deliver(sightingOf(1, dig));
    await dispatch.drain(1000);
    await host[Symbol.asyncDispose]();
    expect(await linesOf(`${file}.1`)).toHaveLength(1);
  });

  it('says that the disk is full once, and in the end how much was lost', async () => {
    const { host, dispatch, failures } = await logging('/dev/full');
    for (let number = 1; number <= 20; number++) dispatch.deliver(sightingOf(number, dig));
    await dispatch.drain(1000);
    expect(failures).toMatchObject([{ plugin: 'json-logger', hook: 'report', kind: 'threw' }]);
    expect(failures[0]?.message).toContain('ENOSPC');
    await host[Symbol.asyncDispose]();
    expect(failures[1]).toMatchObject({ hook: 'dispose', message: '20 lines not written to /dev/full' });
  });

  it('refuses to be without a file', () => {
    expect(() => jsonLogger({ file: '' })).toThrow('file');
  });
});
