import { copyFile, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { useFolder } from './folder.js';
import { useStage } from './stage.js';
import { PTRAP, useTmux } from './tmux.js';

const stage = useStage();
const folder = useFolder();
const tmux = useTmux(() => stage.namespace);

const WATCH = `${PTRAP} watch 10.77.0.2:53/udp --output live --hold none --source nflog --no-config`;
const SEND = 'exec {socket}<>/dev/udp/10.77.0.2/53; echo x >&$socket';

/** A shell by another name, which sends as often as it is told. */
async function sender(name: string) {
  const file = `${folder.path}/${name}`;
  await copyFile('/bin/bash', file);
  return stage.shell({ file });
}

/** The names and counts of the rows, from top to bottom. */
function rowsOf(text: string): [string, number][] {
  const rows = text.matchAll(/^[> ] (\w+)\[\d+\].* 10\.77\.0\.2:53\/udp +(\d+) +\d+ \d\d:\d\d:\d\d$/gm);
  return [...rows].map(([, name, count]) => [name!, Number(count)]);
}

it('shows who sends, sorts, pauses, tells more of a row, and gives the terminal back', async () => {
  const [live, plain, killed] = [await tmux.open(), await tmux.open({ NO_COLOR: '1' }), await tmux.open()];
  const path = folder.path;
  await live.type(`stty -a >${path}/before; ${WATCH} -e "echo told"; echo code=$?; stty -a >${path}/after`);
  await plain.type(`${WATCH} 2>${path}/stderr; echo code=$?`);
  await killed.type(`(echo $BASHPID >${path}/pid; exec ${WATCH}); echo code=$?`);
  for (const pane of [live, plain, killed]) await pane.until(/nothing seen yet/);

  const [alpha, beta] = [await sender('alpha'), await sender('beta')];
  for (let sent = 0; sent < 3; sent++) await alpha.do(SEND);
  await beta.do(SEND);
  const first = await live.until(/alpha[^\n]* 3 +3 [^]*beta/);
  expect(first.split('\n')[0]).toMatch(/^ptrap: watching 10\.77\.0\.2:53\/udp .* rows 1-2 of 2$/);
  expect(first.split('\n')[1]).toMatch(/^ {2}PROCESS +UNIT +TARGET +COUNT↓ +\/MIN SEEN/);
  expect(rowsOf(first)).toEqual([
    ['alpha', 3],
    ['beta', 1],
  ]);
  await live.until(/told \d+\n/);
  expect(await live.looks()).toMatch(/\x1b\[(?:\d+;)*7m(?:\x1b\[[\d;]*m)*> alpha/);

  await live.press('n', 'n');
  expect(rowsOf(await live.until(/PROCESS↓[^]*beta[^]*alpha/)).map(([name]) => name)).toEqual([
    'beta',
    'alpha',
  ]);

  await live.press('Down', 'Enter');
  const details = await live.until(/enter back to the table/);
  expect(details).toMatch(new RegExp(`^process +alpha\\[${alpha.pid}\\]$`, 'm'));
  expect(details).toContain('seen      3 times, 3 in the last minute');
  await live.press('End');
  // the deeper in the tree, the less room: it depends on who runs the tests
  await live.resize(200, 24);
  await live.until(new RegExp(`^ +└─ alpha\\[${alpha.pid}\\] ${path}/alpha -c`, 'm'));
  await live.resize(80, 24);
  await live.press('Escape');
  await live.until(/COUNT/);

  await live.press('p');
  await live.until(/PAUSED/);
  await beta.do(SEND);
  await beta.do(SEND);
  await plain.until(/beta.* 3 +3 /);
  expect(rowsOf(await live.text())).toContainEqual(['beta', 1]);
  await live.press('p');
  await live.until(/beta.* 3 +3 /);

  await live.resize(60, 12);
  const narrow = await live.until(/^.{1,60}rows 1-2 of 2\n/);
  for (const line of narrow.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
  expect(narrow).toMatch(/alpha\[.* 3 +3 [^]*beta\[.* 3 +3 |beta\[.* 3 +3 [^]*alpha\[.* 3 +3 /);
  await live.resize(80, 24);

  expect(await plain.looks()).not.toMatch(/\x1b\[/);
  expect(await plain.text()).toMatch(/^> beta/m);
  await plain.press('C-c', 'C-c');
  await plain.until(/code=0/);
  expect(await readFile(`${path}/stderr`, 'utf8')).toMatch(/6 matches: 6 resolved, 0 unresolved\n$/);

  await live.press('q');
  const end = await live.until(/code=0/);
  expect(end).toMatch(/^told \d+\n(?:told \d+\n)*ptrap: 6 matches: 6 resolved, 0 unresolved\ncode=0$/m);
  await expect
    .poll(() => readFile(`${path}/after`, 'utf8').catch(() => ''))
    .toBe(await readFile(`${path}/before`, 'utf8'));

  process.kill(Number(await readFile(`${path}/pid`, 'utf8')), 'SIGKILL');
  // the shell's first prompt may still have gone to the other screen
  await expect
    .poll(
      async () => {
        await killed.press('Enter');
        return killed.text();
      },
      { timeout: 10_000, interval: 300 },
    )
    .toMatch(/^\$/m);
  await killed.type('stty -a | tr " " "\\n" | grep -E "^-?(isig|icanon|echo);?$" | xargs');
  await killed.until(/^isig icanon echo$/m);
  expect((await stage.ptrap(['cleanup', '--all']).end()).code).toBe(0);
}, 60_000);

it('is pretty where there is no terminal', async () => {
  const args = [
    '10.77.0.2:53/udp',
    '--output',
    'live',
    '--hold',
    'none',
    '--source',
    'nflog',
    '--count',
    '1',
  ];
  const watch = stage.ptrap(['watch', ...args, '--no-config']);
  await watch.until('stderr', /watching/);
  const shell = stage.shell();
  await shell.do(SEND);
  const { code, stdout, stderr } = await watch.end();
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`bash\\[${shell.pid}\\] .* → 10\\.77\\.0\\.2:53/udp`));
  expect(stderr).toMatch(/1 match: 1 resolved/);
});
