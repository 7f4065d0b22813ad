import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.js';
import { PtrapError } from '../../src/errors.js';

/** Whatever is wrong: one line that says what, and what is allowed or what was probably meant; exit code 2. */

/** Files that a command line may name. */
const FILES = {
  'syntax.ts': 'export default {',
  'throws.ts': 'throw new Error("its own words")',
  'nothing.ts': 'export const config = {}',
  'number.json': '7',
  'key.json': '{ "targts": ["1.1.1.1"] }',
  'nested.json': '{ "limit": { "per": "process" } }',
  'choice.json': '{ "targets": ["1.1.1.1"], "output": "jsn" }',
  'type.json': '{ "targets": "1.1.1.1" }',
  'target.json': '{ "targets": ["1.1.1.1:53/upd"] }',
  'duration.json': '{ "targets": ["1.1.1.1"], "delay": "1 minute" }',
  'plugin.json': '{ "targets": ["1.1.1.1"], "plugins": ["process-tre"] }',
  'options.json': '{ "targets": ["1.1.1.1"], "plugins": [["json-logger", { "fil": "x" }]] }',
  'json.json': '{ "targets": [ }',
  'yaml.yaml': 'targets: [1.1.1.1\nlimit: 3',
  'plugin-number.ts': 'export default 7',
  'plugin-throws.ts': 'export default () => { throw new Error("not today") }',
  'plugin-hook.ts': 'export default { nam: "x" }',
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ptrap-bad-'));
  for (const [name, text] of Object.entries(FILES))
    await writeFile(join(folder, name), text, { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true }));

/** Command lines as a shell would split them, FOLDER for where the files are, and what the one line must say. */
const CASES: Record<string, readonly [line: string, says: RegExp][]> = {
  targets: [
    ['', /no target given; name at least one/],
    ['watch', /no target given/],
    ['1.1.1.1:0', /"0" is no port; allowed: a port from 1 to 65535/],
    ['1.1.1.1:65536', /"65536" is no port/],
    ['1.1.1.1:80-79', /"80-79" is no port/],
    ['1.1.1.1:http', /"http" is no port/],
    ['1.1.1.1:53/upd', /"upd" is no protocol; did you mean udp\? allowed: /],
    ['1.1.1.1/tpc', /did you mean tcp\?/],
    ['1.1.1.1/icpm', /did you mean icmp\?/],
    ['1.1.1.1/256', /"256" is no protocol; allowed: /],
    ['1.1.1.1/icmp:7', /cannot read/],
    ['1.1.1.1:7/icmp', /icmp has no ports/],
    ['1.1.1.1/icmpv6', /icmpv6 is not sent to an ipv4 address; allowed: icmp/],
    ['::1/icmp', /icmp is not sent to an ipv6 address; allowed: icmpv6/],
    ['1.1.1', /"1\.1\.1" is no address/],
    ['1.1.1.256', /"1\.1\.1\.256" is no address/],
    ['10.0.0.0/33/tcp', /is no prefix length/],
    ['[::1]/129/tcp', /is no prefix length/],
    ['[::1', /not a target|cannot read/],
    ['[::g]:1', /is no address/],
    ['fe80::1%eth0', /an address with a zone/],
    ['example.org/24:80', /is no prefix length/],
    ['-- $(id)', /is no address and no host name/],
    ['-- `id`', /is no address and no host name/],
    ['-- a;b', /is no address and no host name/],
    ['-- user@host', /is no address and no host name/],
    ['https://example.org', /"\/\/example\.org" is no port|cannot read/],
    ['-i 1.1.1.1:53 -p 53', /"1\.1\.1\.1:53" is no address/],
    ['-p 99999', /"99999" is no port/],
    ['-i 1.1.1.1 -i 2.2.2.2', /--ip: found it twice; allowed: one/],
  ],
  flags: [
    ['--limt 3 1.1.1.1', /unknown option --limt; did you mean --limit\?/],
    ['--output-json 1.1.1.1', /unknown option --output-json; did you mean --output\?/],
    ['-x 1.1.1.1', /unknown option -x; ptrap --help lists all of them/],
    ['--no-limit 1.1.1.1', /did you mean --limit\?/],
    ['--limit 0 1.1.1.1', /--limit: found "0"; allowed: a whole number from 1/],
    ['--limit -3 1.1.1.1', /--limit: found "-3"/],
    ['--limit 1.5 1.1.1.1', /--limit: found "1\.5"; allowed: a whole number/],
    ['--limit many 1.1.1.1', /--limit: found "many"/],
    ['--limit', /--limit: found nothing/],
    ['--limit-per proces 1.1.1.1', /found "proces"; did you mean process\? allowed: connection, process/],
    ['--source jurnal 1.1.1.1', /did you mean journal\?/],
    ['--source nflg 1.1.1.1', /did you mean nflog\?/],
    ['--hold neten 1.1.1.1', /did you mean netem\?/],
    ['--hold-strategy clsct 1.1.1.1', /did you mean clsact\?/],
    ['--output xml 1.1.1.1', /found "xml"; allowed: pretty, live, json, quiet/],
    ['--output jsn 1.1.1.1', /did you mean json\?/],
    ['--source queue --hold netem 1.1.1.1', /holds packets itself, found --hold netem; leave out one/],
    ['--count none 1.1.1.1', /--count: found "none"; allowed: a whole number/],
    ['--exec', /--exec: found nothing/],
  ],
  durations: [
    ['--delay 5minutes 1.1.1.1', /--delay: found "5minutes"; allowed: auto, milliseconds or a duration/],
    ['--delay 0 1.1.1.1', /--delay: found "0"; allowed: .*from 1ms to 60s/],
    ['--delay 2m 1.1.1.1', /--delay: found "2m"/],
    ['--delay 1e3 1.1.1.1', /--delay: found "1e3"/],
    ['--for ever 1.1.1.1', /--for: found "ever"; allowed: milliseconds or a duration such as/],
    ['--for 25d 1.1.1.1', /--for: found "25d"; allowed: .*to 24d/],
    ['--for -1s 1.1.1.1', /--for: found "-1s"/],
  ],
  'commands and ids': [
    ['wacth 1.1.1.1', /unknown command wacth; did you mean ptrap watch\?/],
    ['clean-up', /did you mean ptrap cleanup\?/],
    ['ls x', /ptrap ls does not take "x"; ptrap ls --help says what it takes/],
    ['ls --all', /unknown option --all/],
    ['cleanup --al', /did you mean --all\?/],
    ['cleanup no-such-id', /cannot clean up "no-such-id": there is no such instance/],
  ],
  files: [
    ['--config FOLDER/absent.ts', /cannot load .*absent\.ts: .*ENOENT|no such file/],
    ['--config FOLDER', /cannot load|is no file/],
    ['--config FOLDER/syntax.ts', /cannot load .*syntax\.ts: /],
    ['--config FOLDER/throws.ts', /cannot load .*throws\.ts: its own words/],
    ['--config FOLDER/nothing.ts', /no default export; allowed: export default defineConfig/],
    ['--config FOLDER/number.json', /found 7; allowed: an object with options/],
    ['--config FOLDER/json.json', /cannot load .*json\.json: /],
    ['--config FOLDER/yaml.yaml', /cannot load .*yaml\.yaml: /],
    ['--config FOLDER/key.json', /unknown key targts; did you mean targets\?/],
    ['--config FOLDER/nested.json', /limit: found \{"per":"process"\}; allowed: a whole number/],
    [
      '--config FOLDER/choice.json',
      /output: found "jsn"; did you mean json\? allowed: pretty, live, json, quiet/,
    ],
    ['--config FOLDER/type.json', /targets: found "1\.1\.1\.1"; allowed: a list of targets/],
    ['--config FOLDER/target.json', /targets\[0\]: found "1\.1\.1\.1:53\/upd"; did you mean udp\? allowed: /],
    ['--config FOLDER/duration.json', /delay: found "1 minute"; allowed: auto, milliseconds/],
  ],
  plugins: [
    ['--plugin process-tre 1.1.1.1', /unknown plugin "process-tre"; did you mean process-tree\?/],
    ['--plugin Notify-Send 1.1.1.1', /did you mean notify-send\?/],
    ['--plugin zzzzzz 1.1.1.1', /unknown plugin "zzzzzz"; allowed: a path such as \.\/my-plugin\.ts, or /],
    ['--plugin 1.1.1.1', /no target given/],
    ['--plugin FOLDER/absent.ts 1.1.1.1', /cannot load plugin ".*absent\.ts"/],
    ['--plugin FOLDER/plugin-number.ts 1.1.1.1', /its default export is not a plugin; it must export/],
    ['--plugin FOLDER/plugin-throws.ts 1.1.1.1', /cannot load plugin .*: not today/],
    ['--plugin FOLDER/plugin-hook.ts 1.1.1.1', /its default export is not a plugin/],
    ['--config FOLDER/plugin.json', /unknown plugin "process-tre"; did you mean process-tree\?/],
    ['--config FOLDER/options.json', /cannot load plugin "json-logger": .*fil/],
  ],
};

describe.each(Object.entries(CASES))('%s', (_kind, cases) => {
  it.each(cases)('ptrap %s', async (line, says) => {
    const words = line.split(' ').filter(Boolean);
    // were it accepted, nothing would be done
    const isWatch = !['ls', 'cleanup'].includes(words[0] ?? '');
    const safe = isWatch ? ['--dry-run', ...(line.includes('--config') ? [] : ['--no-config'])] : [];
    const at = words[0] === 'watch' ? 1 : 0;
    const args = [...words.slice(0, at), ...safe, ...words.slice(at)];
    const error: unknown = await main(args.map(word => word.replace('FOLDER', folder))).catch(
      (reason: unknown) => reason,
    );
    if (!(error instanceof PtrapError)) throw new Error(`not refused: ${String(error)}`);
    expect(error.message).toMatch(says);
    expect(error.message).not.toMatch(/[\n\r\x1b]/);
    expect(error.exit).toBe(2);
  });
});

it('there are at least 60 of them', () => {
  expect(Object.values(CASES).flat().length).toBeGreaterThanOrEqual(60);
});
