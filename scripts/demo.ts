import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openJournald } from './journald.js';

/**
 * What `npm start` shows: the real `ptrap watch` in a network namespace of its own, on a server that three
 * short-lived senders talk to. It ends by itself and leaves nothing behind.
 */
const V4 = '192.0.2.53';
const V6 = '2001:db8::53';
const TARGETS = [`${V4}:53/udp`, `${V4}:443/tcp`, `[${V6}]:53/udp`];
/** How long the server takes to answer, in ms: what a sender lives for where the kernel cannot hold its packet. */
const ANSWER_AFTER = 300;

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

if (process.env['PTRAP_DEMO'] === 'inside') await inside();
else await outside();

async function outside(): Promise<void> {
  await using _journald = await openJournald();
  const child = spawn('unshare', ['--net', process.execPath, '--import', 'tsx', path('demo.ts')], {
    stdio: 'inherit',
    env: { ...process.env, PTRAP_DEMO: 'inside' },
  });
  // Ctrl-C reaches the namespace by itself; what journald needs taken back is ours
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}

async function inside(): Promise<void> {
  say(`a network namespace with a server at ${V4} and ${V6}; who talks to it?`);
  for (const line of ['link set lo up', `addr add ${V4}/32 dev lo`, `addr add ${V6}/128 dev lo`]) {
    execFileSync('ip', line.split(' '));
  }
  await serve();
  say(`$ ptrap watch ${TARGETS.join(' ')} -c --count 3 --for 30s`);
  const ptrap = spawn(
    process.execPath,
    [path('../dist/src/cli.js'), 'watch', ...TARGETS, '-c', '--no-config', '--count', '3', '--for', '30s'],
    { stdio: ['inherit', 'inherit', 'pipe'] },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ptrap.kill(signal));
  const ended = once(ptrap, 'exit') as Promise<[number | null]>;
  await Promise.race([isReady(ptrap), ended]);
  await talk();
  const [code] = await ended;
  say('that was all; run it on your own traffic with: npm start -- 192.168.1.1:53/udp');
  process.exit(code ?? 1);
}

function say(line: string): void {
  console.error(`demo: ${line}`);
}

/** Answers on both ports, over UDP and TCP, after a moment. */
async function serve(): Promise<void> {
  const udp = createSocket('udp6');
  udp.on('message', (_message, { port, address }) =>
    setTimeout(() => udp.send('\n', port, address), ANSWER_AFTER),
  );
  udp.bind(53, '::');
  const tcp = createServer(socket => setTimeout(() => socket.end('answer\n'), ANSWER_AFTER)).listen(
    443,
    '::',
  );
  await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
}

/** Passes on what ptrap says on stderr, until it says that it is watching. */
async function isReady(ptrap: ChildProcess): Promise<void> {
  await new Promise<void>(resolve => {
    ptrap.stderr?.setEncoding('utf8').on('data', (text: string) => {
      process.stderr.write(text);
      if (text.includes('watching')) resolve();
    });
  });
}

/** The senders: each lives only until it is answered. */
async function talk(): Promise<void> {
  const senders = [
    ['nightly-report.sh', V4],
    ['update-check.sh', V4],
    ['nightly-report.sh', V6],
  ] as const;
  for (const [script, server] of senders) {
    const sender = spawn('bash', [path(`demo/${script}`)], {
      env: { ...process.env, SERVER: server },
      stdio: 'ignore',
    });
    await once(sender, 'exit');
    await sleep(200);
  }
}
