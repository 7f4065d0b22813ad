import { chmod, chown, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { event } from '../../src/events.js';
import { useFolder } from './folder.js';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

const stage = useStage();
const folder = useFolder();

const EXAMPLE = fileURLToPath(new URL('../../ptrap.config.example.ts', import.meta.url));
const SEND = 'exec 3<>/dev/udp/10.77.0.2/53; echo x >&3';
const NOBODY = 65534;

/** Writes files into the test's folder and gives the path of the first. */
async function write(files: Record<string, string>): Promise<string> {
  const paths = Object.keys(files).map(name => `${folder.path}/${name}`);
  await mkdir(`${folder.path}/plugins`);
  await Promise.all(Object.values(files).map((text, index) => writeFile(paths[index]!, text)));
  return paths[0]!;
}

/** A config that tells, by a file, that it was run. */
const telling = (config: string): string => `
  import { writeFileSync } from 'node:fs';
  import { defineConfig } from 'ptrap';
  writeFileSync(new URL('ran', import.meta.url), '');
  export default defineConfig(${config});
`;

describe('ptrap.config.example.ts', () => {
  it('runs as it is, and all its plugins work', async () => {
    const config = `${folder.path}/ptrap.config.ts`;
    await copyFile(EXAMPLE, config);
    const watch = await stage.watch(['--config', config, '--hold', 'none'], { cwd: folder.path });
    expect(watch.ready.targets).toEqual(['192.168.1.1:53/udp', '[2001:db8::1]:443/tcp', '10.0.0.0/8']);

    // ignoreUser: its uid 101 is dropped; exec, processTree, jsonLogger: see what comes of the other
    await stage.namespace.must(`setpriv --reuid 101 --clear-groups bash -c '${SEND}'`);
    const sender = stage.shell();
    await sender.do(SEND);
    const sighting = await watch.sighting(found => pidsOf(found).includes(sender.pid));
    const { tree } = sighting.notes['process-tree'] as { tree: string[] };
    expect(tree.join('\n')).toContain(`bash[${sender.pid}]`);
    await watch.until('stderr', new RegExp(`PID +ELAPSED COMMAND\\n *${sender.pid} .* bash -c`));
    await watch.until('stderr', /notify-send: no notifications: |notify-send not found/);

    // its limit: five sightings a minute for one program
    for (let sent = 1; sent < 10; sent += 1) await sender.do('echo x >&3');
    const { code, summary, stderr } = await watch.end('SIGINT');
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/threw|timeout|disabled/);
    expect(watch.sightings.map(pidsOf)).toEqual(Array(5).fill([sender.pid]));
    expect(summary).toMatchObject({ matches: 11, resolved: 5, suppressed: 6 });

    const log = `${folder.path}/ptrap.ndjson`;
    expect((await stat(log)).mode & 0o777).toBe(0o600);
    const logged = (await readFile(log, 'utf8'))
      .trimEnd()
      .split('\n')
      .map(line => event.parse(JSON.parse(line)));
    expect(logged).toEqual([...watch.sightings, summary]);
  });
});

describe('a config', () => {
  it('may name a plugin of its own by a path relative to itself', async () => {
    const config = await write({
      'my.config.ts': `
        import { defineConfig } from 'ptrap';
        export default defineConfig({
          targets: ['10.77.0.2:53/udp'],
          hold: 'none',
          count: 1,
          plugins: [['./plugins/greeter.ts', { word: 'hello' }]],
        });`,
      'plugins/greeter.ts': `
        import { definePlugin, type Sighting } from 'ptrap';
        import { shout } from './shout.js';
        export default definePlugin((options: { word: string }) => ({
          name: 'greeter',
          apply(trap) {
            trap.hooks.armed.tapPromise('greeter', async ready => trap.log(\`armed \${ready.instance}\`));
            trap.hooks.enrich.tapPromise('greeter', async (sighting: Sighting) => ({
              ...sighting,
              notes: { ...sighting.notes, greeter: shout(options.word) },
            }));
            trap.hooks.report.tap('greeter', sighting => trap.print(\`reported \${sighting.id}\`));
            trap.hooks.done.tapPromise('greeter', async ({ reason }) => trap.log(\`done: \${reason}\`));
            return { async [Symbol.asyncDispose]() { console.error('greeter disposed'); } };
          },
        }));`,
      'plugins/shout.ts': 'export const shout = (word: string): string => word.toUpperCase();',
    });
    const watch = await stage.watch(['--config', config]);
    await stage.shell().do(SEND);
    const { code, stderr } = await watch.end();
    expect(code).toBe(0);
    expect(watch.sightings.map(({ notes }) => notes)).toEqual([{ greeter: 'HELLO' }]);
    const said = stderr.trim().split('\n');
    expect(said).toEqual([
      `ptrap: greeter: armed ${watch.ready.instance}`,
      `reported ${watch.sightings[0]?.id}`,
      'ptrap: greeter: done: count',
      'greeter disposed',
    ]);
  });

  it('is found in the working directory, or in a folder above it', async () => {
    await write({
      'ptrap.config.yaml': 'targets: ["10.77.0.2:53/udp"]\nhold: none\nfor: 1ms\noutput: json\n',
    });
    for (const cwd of [folder.path, `${folder.path}/plugins`]) {
      const { code, stdout } = await stage.ptrap(['watch'], { cwd }).end();
      expect(code).toBe(0);
      expect(stdout).toContain('"targets":["10.77.0.2:53/udp"]');
    }
  });

  it('gives way to the flags', async () => {
    const config = await write({
      'my.config.json': JSON.stringify({
        targets: ['10.77.0.2:8080/tcp'],
        hold: 'netem',
        output: 'quiet',
        count: 100,
        for: '100ms',
        exec: 'echo from the file for',
      }),
    });
    const flags = [
      '10.77.0.2:53/udp',
      '--hold',
      'none',
      '--count',
      '1',
      '--for',
      '1h',
      '-e',
      'echo from a flag for',
    ];
    const watch = await stage.watch(['--config', config, ...flags]);
    expect(watch.ready).toMatchObject({ targets: ['10.77.0.2:53/udp'], hold: { strategy: 'none' } });
    const sender = stage.shell();
    await sender.do(SEND);
    const { code, stderr, summary } = await watch.end();
    expect(code).toBe(0);
    expect(summary).toMatchObject({ reason: 'count', resolved: 1 });
    expect(stderr).toBe(`from a flag for ${sender.pid}\n`);
  });
});

describe('what is not trusted', () => {
  const ran = (): Promise<boolean> =>
    stat(`${folder.path}/ran`).then(
      () => true,
      () => false,
    );
  const config = '{ targets: ["10.77.0.2:53/udp"], hold: "none", for: 1 }';

  it.each([
    { name: 'a config that others may write', spoil: () => chmod(`${folder.path}/my.config.ts`, 0o666) },
    { name: "another user's config", spoil: () => chown(`${folder.path}/my.config.ts`, NOBODY, NOBODY) },
    { name: 'a config in a folder that others may write', spoil: () => chmod(folder.path, 0o777) },
  ])('$name is refused before it runs', async ({ spoil }) => {
    const file = await write({ 'my.config.ts': telling(config) });
    await spoil();
    const { code, stdout, stderr } = await stage.ptrap(['watch', '--config', file]).end();
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^PTRAP_E_UNTRUSTED: .*my\.config\.ts is not loaded: .*; .*(chmod go-w|chown 0) /);
    expect(await ran()).toBe(false);
    expect(await stage.namespace.snapshot()).toBe(stage.before());
  });

  it('a config that is merely found is refused as well, not passed over', async () => {
    await write({ 'ptrap.config.ts': telling(config) });
    await chmod(`${folder.path}/ptrap.config.ts`, 0o666);
    const { code, stderr } = await stage.ptrap(['watch', '10.77.0.2:53/udp'], { cwd: folder.path }).end();
    expect(code).toBe(2);
    expect(stderr).toContain('PTRAP_E_UNTRUSTED');
    expect(await ran()).toBe(false);
  });

  it('a plugin by path is refused before it runs', async () => {
    const plugin = await write({ 'plugins/mine.ts': telling(config) });
    await chown(plugin, NOBODY, NOBODY);
    const args = ['watch', '10.77.0.2:53/udp', '--no-config', '--plugin', plugin];
    const { code, stderr } = await stage.ptrap(args).end();
    expect(code).toBe(2);
    expect(stderr).toMatch(/^PTRAP_E_UNTRUSTED: .*mine\.ts is not loaded: it belongs to uid 65534/);
    expect(await stage.namespace.snapshot()).toBe(stage.before());
  });
});

describe('what is wrong', () => {
  it.each([
    ['an unknown key', '{ target: ["10.77.0.2"] }', 'PTRAP_E_CONFIG_KEY', 'did you mean targets?'],
    ['a bad duration', '{ targets: ["10.77.0.2"], for: "soon" }', 'PTRAP_E_CONFIG', 'for: found "soon"'],
    ['a bad target', '{ targets: ["10.77.0.2:99999"] }', 'PTRAP_E_CONFIG_TARGET', 'targets'],
  ])('%s is refused with its name and what is allowed', async (_name, config, error, hint) => {
    const file = await write({ 'my.config.ts': `export default ${config}` });
    const { code, stderr } = await stage.ptrap(['watch', '--config', file]).end();
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`^${error}: .*my\\.config\\.ts`));
    expect(stderr).toContain(hint);
  });
});
