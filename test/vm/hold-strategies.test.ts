import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from './jobs.js';
import { bootMachine, type Machine } from './machine.js';
import { kinds } from './qdisc-kinds.js';

const strategies = ['egress', 'clsact', 'root'] as const;
type Strategy = (typeof strategies)[number];

/** What became of each kind under each strategy; docs/qdiscs.md is made of it. */
const RESULTS = '../../scripts/docs/qdiscs.json';

interface Device {
  name: string;
  device: string;
  server: string;
}

const devices: Device[] = kinds.map(({ name }, index) => ({
  name,
  device: `w${index}`,
  server: `10.30.${index}.2`,
}));
const PACKETS = 3;
const DELAY_MS = 2000;
const ECHOES = /(\d+) of (\d+), first after (\d+) ms/;
const PTRAP = 'exec node dist/src/cli.js watch --no-config --output json --limit-per none --no-process-table';

let vm: Machine;
let before: Map<string, string>;
let watching: Job | undefined;
/** Why a strategy refuses a device, by the device. */
let refusals: Record<Strategy, Record<string, string>>;
const changed: Record<Strategy, string[]> = { egress: [], clsact: [], root: [] };

beforeAll(async () => {
  vm = await bootMachine();
  const near = devices.flatMap(({ device, server }, index) => [
    `link add ${device} numtxqueues 4 numrxqueues 4 type veth peer name f${index}`,
    `link set f${index} netns far`,
    `addr add ${server.replace(/2$/, '1')}/24 dev ${device}`,
    `link set ${device} up`,
  ]);
  const far = devices.flatMap(({ server }, index) => [
    `addr add ${server}/24 dev f${index}`,
    `link set f${index} up`,
  ]);
  const control = kinds.flatMap(({ setUp }, index) => setUp.map(line => line.replace('DEV', `w${index}`)));
  const script = [
    'set -e',
    'ip netns add far',
    batch('ip', [...near, 'addr add fd30::1/64 dev w0 nodad']),
    batch('ip -n far', [...far, 'addr add 10.30.0.77/24 dev f0', 'addr add fd30::2/64 dev f0 nodad']),
    batch('tc', control),
  ];
  await vm.must(script.join('\n'), { timeoutMs: 120_000 });
  for (const serve of ['udp-echo.mjs 53 0.0.0.0 ::', 'tcp-server.mjs 80 0.0.0.0']) {
    await vm.start(`exec ip netns exec far node test/senders/${serve}`).waitFor(/listening/);
  }
  const all = devices.map(({ device }) => device).join(' ');
  const root = JSON.parse(
    await vm.must(`node test/vm/guest/rehearse.mjs ${all}`, { timeoutMs: 120_000 }),
  ) as object;
  const ingress = devices.find(({ name }) => name === 'ingress')!.device;
  refusals = { egress: {}, clsact: { [ingress]: 'an ingress qdisc' }, root: { ...root } };
  // every neighbour is known from here on: nothing that is sent waits for it
  await (await sendTo(devices)).waitFor(ECHOES);
  await vm.must('ping -c1 -W5 10.30.0.77 && ping -c1 -W5 fd30::2');
  before = await snapshot();
});
afterEach(() => watching?.signal('SIGKILL'));
afterAll(() => vm?.[Symbol.asyncDispose]());

function batch(command: string, lines: readonly string[]): string {
  return `${command} -batch - <<'END'\n${lines.join('\n')}\nEND`;
}

/** Classes that come and go with flows, and counters. */
const VOLATILE = /^class (?!htb|hfsc|drr|qfq)\S+ .*\n|direct_packets_stat"?:? ?\d+/gm;
/** What tc says of lo, between what it says of the devices. */
const LO = /^qdisc noqueue 0: dev lo root refcnt 2 $/m;

/** All that ptrap could have changed, as nft, ip and tc print it: the text of tc by device, the rest as one. */
async function snapshot(): Promise<Map<string, string>> {
  const show = (device: string): string[] => [
    ...['qdisc', 'class', 'filter'].map(object => `${object} show dev ${device}`),
    ...['egress', 'ingress'].map(block => `filter show dev ${device} ${block}`),
  ];
  const shows = devices.map(({ device }) => show(device));
  const text = await vm.must(
    batch(
      'tc',
      shows.flatMap(lines => [...lines, 'qdisc show dev lo']),
    ),
  );
  const rest = [
    'nft -j list ruleset',
    'ip -j -p link',
    'ls -A /run/ptrap 2>&1',
    'find /run/log/journal -name "*ptrap*"',
  ];
  const all = await vm.must([batch('tc -j', shows.flat()), ...rest, 'true'].join('\n'));
  const parts = text.replace(VOLATILE, '').split(LO);
  return new Map([
    ...devices.map(({ device }, index) => [device, parts[index]!] as const),
    ['all', all.replace(VOLATILE, '')],
  ]);
}

/** Waits until everything is as it was, and notes whose traffic control is not. */
async function expectAsBefore(strategy: Strategy): Promise<void> {
  let now = new Map<string, string>();
  const same = async (): Promise<boolean> => {
    now = await snapshot();
    return [...before].every(([key, text]) => now.get(key) === text);
  };
  const ended = performance.now() + 60_000;
  while (!(await same()) && performance.now() < ended) await new Promise(next => setTimeout(next, 500));
  changed[strategy].push(
    ...devices.filter(({ device }) => now.get(device) !== before.get(device)).map(({ name }) => name),
  );
  const differing = [...before.keys()].filter(key => now.get(key) !== before.get(key));
  const only = (shown: Map<string, string>): object =>
    Object.fromEntries(differing.map(key => [key, shown.get(key)]));
  expect(only(now)).toEqual(only(before));
}

const willing = (strategy: Strategy): Device[] =>
  devices.filter(({ device }) => !(device in refusals[strategy]));

/** A target that is a network means every device that is up: so those that a strategy refuses must not be. */
async function withoutRefused(strategy: Strategy, work: () => Promise<void>): Promise<void> {
  const refused = Object.keys(refusals[strategy]);
  const turn = (state: 'up' | 'down'): Promise<string> => {
    const lines = refused.map(device => `link set ${device} ${state}`);
    return vm.must(batch('ip', lines));
  };
  await turn('down');
  try {
    await work();
  } finally {
    await turn('up');
  }
}

async function startWatch(options: string, prepare?: string): Promise<{ watch: Job; instance: string }> {
  const script = `${PTRAP} ${options}`;
  watching = vm.start(
    prepare ? `exec unshare -m bash -c '${`${prepare}${script}`.replaceAll("'", `'\\''`)}'` : script,
  );
  const watch = watching;
  const [, instance = ''] = await watch.waitFor(/"type":"ready","instance":"(\w+)".*\n/, 180_000);
  return { watch, instance };
}

/** Sends to the servers behind all these devices, and gives what came back of it. */
async function sendTo(some: readonly Device[]): Promise<Job> {
  // plug lets nothing through, whoever asks
  const servers = some.filter(({ name }) => name !== 'plug').map(({ server }) => server);
  const job = vm.start(`exec node test/vm/guest/fan.mjs 53 ${PACKETS} ${servers.join(' ')}`);
  await job.waitFor(/sent/);
  return job;
}

const targetsOf = (some: readonly Device[]): string => some.map(({ server }) => `${server}:53/udp`).join(' ');

describe.each(strategies)('--hold-strategy %s, on every kind of qdisc that it does not refuse', strategy => {
  it('holds packets, loses none and leaves everything as it was when it is killed', async () => {
    const held = willing(strategy);
    await withoutRefused(strategy, async () => {
      const watch = (watching = vm.start(
        `exec node test/vm/guest/hold.mjs ${strategy} ${DELAY_MS} 10.30.0.0/16:53/udp`,
      ));
      const [, instance] = await watch.waitFor(/held (\w+)/, 120_000);
      const echoes = await sendTo(held);
      const queue = await vm.must(`tc -s qdisc show dev ptrap${instance}`);
      watch.signal('SIGKILL');
      const [, back, all, first] = await echoes.waitFor(ECHOES);
      expect(/backlog \S+ (\d+)p/.exec(queue)?.[1]).toBe(all);
      expect(back).toBe(all);
      expect(Number(first)).toBeGreaterThanOrEqual(DELAY_MS);
    });
    await expectAsBefore(strategy);
  });
});

/** An nft as it was before it knew the egress hook, for what runs in this mount namespace. */
const OLD_NFT = `
cp /usr/sbin/nft /tmp/nft
echo '#!/bin/sh
sed -u "s/hook egress/hook unheard-of/" | /tmp/nft "$@"' >/tmp/old-nft
chmod +x /tmp/old-nft
mount --bind /tmp/old-nft /usr/sbin/nft
`;

describe('on a kernel without the egress hook', () => {
  it('clsact is used, told, holds what the rules of nft would, and is gone when it ends', async () => {
    const targets = '10.30.0.2/icmp 10.30.0.0/24:100-110/udp [fd30::2]:53/udp 10.30.0.2:80/tcp';
    await withoutRefused('clsact', async () => {
      const { watch, instance } = await startWatch(`${targets} --hold netem --delay 300`, OLD_NFT);
      expect(watch.stderr()).toContain('packets are held by filters in clsact (PTRAP_E_EGRESS_MISSING');
      const senders = {
        'ping -c1 -W5 10.30.0.2': 1,
        'echo x >/dev/udp/10.30.0.2/99': 0,
        'echo x >/dev/udp/10.30.0.2/100': 1,
        'echo x >/dev/udp/10.30.0.77/105': 1,
        'echo x >/dev/udp/10.30.0.2/110': 1,
        'echo x >/dev/udp/10.30.0.2/111': 0,
        'echo x >/dev/udp/10.30.1.2/100': 0,
        'echo x >/dev/udp/fd30::2/53': 1,
        'echo x >/dev/udp/fd30::2/54': 0,
        'node test/senders/tcp-ping-pong.mjs 10.30.0.2 80 5': 1,
      };
      // what has left netem and what waits there, but for what a slow machine sent again
      const counter = `tc -s qdisc show dev ptrap${instance} | cat /proc/net/snmp - | awk '/^Tcp: [0-9]/ { again = $13 } /Sent/ { sent = $4 } /backlog/ { print sent + $3 - again }'`;
      const lines = Object.keys(senders).map(sender => `{ ${sender}; } >/dev/null || exit; ${counter}`);
      const counts = (await vm.must([counter, ...lines].join('\n'))).trim().split('\n').map(Number);
      const more = Object.keys(senders).map((sender, at) => [sender, counts[at + 1]! - counts[at]!]);
      expect(Object.fromEntries(more)).toEqual(senders);
      watch.signal('SIGINT');
      expect(await watch.end(120_000)).toMatchObject({ code: 0 });
      expect(watch.stderr().trim().split('\n')).toHaveLength(1);
    });
    await expectAsBefore('clsact');
  });
});

describe('--hold-strategy root', () => {
  it('puts everything back when it ends', async () => {
    const few = ['noqueue', 'fq_codel', 'mq', 'htb with u32'];
    const held = devices.filter(({ name }) => few.includes(name));
    const { watch } = await startWatch(`${targetsOf(held)} --hold-strategy root --delay 300`);
    const roots = await vm.must('tc qdisc show | grep "^qdisc prio 7074: dev w"');
    expect(roots.match(/w\d+/g)?.sort()).toEqual(held.map(({ device }) => device).sort());
    watch.signal('SIGINT');
    expect(await watch.end(120_000)).toMatchObject({ code: 0, stderr: '' });
    await expectAsBefore('root');
  });
});

describe('what cannot be done without a trace', () => {
  it.each([
    ['clsact', 'ingress', 'PTRAP_E_INGRESS_QDISC'],
    ['root', 'red', 'PTRAP_E_ROOT_QDISC'],
  ] as const)('%s refuses %s, says so, and has touched nothing', async (strategy, name, code) => {
    const { device, server } = devices.find(one => one.name === name)!;
    const refusal = await vm.run(`${PTRAP} 10.30.0.2:53/udp ${server}:53/udp --hold-strategy ${strategy}`);
    expect(refusal).toMatchObject({ code: 3, stdout: '' });
    expect(refusal.stderr).toMatch(new RegExp(`^${code}: ${device}`, 'm'));
    await expectAsBefore(strategy);
  });
});

describe('docs/qdiscs.md', () => {
  it('says of every kind what was seen here', async () => {
    const outcome = (strategy: Strategy, { name, device }: Device): string => {
      if (device in refusals[strategy])
        return `refused: ${refusals[strategy][device]!.replace(/^.*? could not be restored exactly, so nothing was touched: |; use .*$/g, '')}`;
      if (changed[strategy].includes(name)) return 'changed';
      return strategy === 'root' ? 'restored exactly' : 'untouched';
    };
    const rows = devices.map(device => ({
      name: device.name,
      ...Object.fromEntries(strategies.map(strategy => [strategy, outcome(strategy, device)])),
    }));
    await expect(
      `${JSON.stringify({ kernel: /^\d+\.\d+/.exec(vm.release)?.[0], kinds: rows }, null, 2)}\n`,
    ).toMatchFileSnapshot(RESULTS);
  });
});
