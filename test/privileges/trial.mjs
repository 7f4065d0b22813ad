// Runs ptrap with some capabilities and no other, has root and another user send a packet each, and prints what came of it.
// Arguments: the capabilities, comma-separated; an address and a udp port to send to; a config without targets, in which
// PORT is that port.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const [capabilities, server, port, text] = process.argv.slice(2);
const config = text.replaceAll('PORT', port);
const OTHER = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const SEND = `exec 3<>/dev/udp/${server}/${port}; echo x >&3; read -r`;
/** Which no other trial has. */
const COMMAND = `sleep ${port}`;
/** How long ptrap may take to be ready, to see both, and to end, in ms. */
const PATIENCE_MS = Number(process.env.PTRAP_PATIENCE_MS ?? 60_000);

const names = capabilities.split(',').map(name => `,+${name.replace('CAP_', '').toLowerCase()}`);
const program = fileURLToPath(new URL('unchecked.mjs', import.meta.url));
const settings = JSON.stringify({
  ...JSON.parse(config),
  targets: [`${server}:${port}/udp`],
  limitPer: 'none',
});
const ptrap = spawn(
  'setpriv',
  [`--bounding-set=-all${names.join('')}`, '--inh-caps=-all', process.execPath, program, settings],
  { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
);
const output = { stdout: '', stderr: '' };
const lookers = new Set();
for (const stream of ['stdout', 'stderr'])
  ptrap[stream].setEncoding('utf8').on('data', piece => {
    output[stream] += piece;
    for (const look of [...lookers]) look();
  });
const closed = once(ptrap, 'close').then(() => 'closed');

/** True once `test` holds; false when ptrap has ended, or nothing comes of it. */
function until(test) {
  return new Promise(resolve => {
    const settle = value => {
      lookers.delete(look);
      clearTimeout(timer);
      resolve(value);
    };
    const look = () => test() && settle(true);
    const timer = setTimeout(settle, PATIENCE_MS, false);
    lookers.add(look);
    closed.then(() => settle(test()));
    look();
  });
}

const events = type =>
  output.stdout
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))
    .filter(event => event.type === type);
const pidsIn = ({ resolution }) => (resolution.processes ?? []).map(({ pid }) => pid);

async function judge() {
  if (!(await until(() => events('ready').length > 0))) return 'does not start';
  const senders = [
    spawn('bash', ['-c', SEND], { stdio: ['pipe', 'ignore', 'inherit'] }),
    spawn('setpriv', [...OTHER, 'bash', '-c', SEND], { stdio: ['pipe', 'ignore', 'inherit'] }),
  ];
  await until(() => events('sighting').length >= senders.length);
  const named = events('sighting').flatMap(pidsIn);
  const missed = senders.map(({ pid }) => !named.includes(pid));
  const command = config.includes('"exec"') ? await judgeCommand() : undefined;
  for (const { stdin } of senders) stdin.end();
  return missed.includes(true) ? 'does not name every sender' : (command ?? 'works');
}

/** The command of such a config sleeps for longer than it may. */
async function judgeCommand() {
  const runs = () => spawnSync('pgrep', ['-u', 'nobody', '-f', COMMAND]).status === 0;
  const become = async (state, patienceMs) => {
    for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(50))
      if (runs() === state) return true;
    return false;
  };
  if (!(await become(true, 3000))) return 'the command does not run';
  if (await become(false, 5000)) return undefined;
  spawnSync('pkill', ['-KILL', '-u', 'nobody', '-f', COMMAND]);
  return 'the command is not ended by its timeout';
}

const says = await judge();
ptrap.kill('SIGTERM');
const timer = setTimeout(() => process.kill(-ptrap.pid, 'SIGKILL'), PATIENCE_MS);
await closed;
clearTimeout(timer);
console.log(JSON.stringify({ says, stderr: output.stderr, ready: events('ready')[0] }));
process.exit();
