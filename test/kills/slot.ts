import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '../vm/jobs.js';
import type { Ground } from './ground.js';
import { hangs } from './plan.js';
import { openTraffic, type Traffic } from './traffic.js';

/** A place for one ptrap at a time: namespaces of its own, devices to a far end, traffic, a cgroup for its processes. */
export interface Slot {
  readonly addresses: readonly string[];
  readonly traffic: Traffic;
  /** Starts a command line of ptrap's there; `terminal`: on a terminal of its own. */
  ptrap(args: readonly string[], terminal?: boolean): Promise<Job>;
  /** Sends SIGKILL, or another signal, to a process of ptrap's as soon as there is one with such a command line; false when there is none. */
  hit(pattern: string, signal?: string): Promise<boolean>;
  /** Has a process of its own send a datagram, from a socket that it keeps; gives its pid. */
  send(address: string, port: number): Promise<number>;
  /** Leaves no room in /run, or much. */
  fill(full: boolean): Promise<void>;
  /** Waits until no process of ptrap's is left, and gives how long that took, in ms; undefined when it took too long. */
  quiet(patienceMs: number): Promise<number | undefined>;
  /** Everything that ptrap could have changed, part by part. */
  snapshot(): Promise<Snapshot>;
  /** Ends whatever is left there. */
  clear(): Promise<void>;
}

/** Text by part. */
export type Snapshot = ReadonlyMap<string, string>;

/** What ptrap leaves beside the files of the journal. */
export const BESIDE_JOURNAL = 'find /run/log/journal /var/log/journal -name "*ptrap*" 2>/dev/null';

/** Counters, and classes that come and go with flows. */
const VOLATILE = /^class (?!htb)\S+ .*\n|"?direct_packets_stat"?:? ?\d+/gm;
const MANY = '64m';
/** How long what is to be killed may take to appear, in s, and a script to end, in ms: the guest is slow. */
const VICTIM_S = 300;
const SCRIPT_MS = 600_000;

/** Opens a slot; `number` tells them apart. It ends with its ground. */
export async function openSlot(ground: Ground, number: number): Promise<Slot> {
  const { machine, qdiscs } = ground;
  const [near, far] = [await holder(ground, '--net --mount'), await holder(ground, '--net')];
  const cgroup = `${ground.cgroups}/ptrap-kills-${process.pid}-${number}`;
  const inside = `nsenter -t ${near} -n -m env -C "$PWD"`;
  const must = (script: string): Promise<string> =>
    machine.must(`exec ${inside} bash -s <<'END'\n${script}\nEND`, { timeoutMs: SCRIPT_MS });
  const devices = qdiscs.map((_, index) => `w${index}`);
  const addresses = devices.map((_, index) => `10.20.${index}.2`);

  await must(runFolder(ground));
  if (ground.ownJournald) {
    machine.start(`exec ${inside} /lib/systemd/systemd-journald`);
    await must('until [ -S /run/systemd/journal/stdout ]; do sleep 0.02; done');
  } else await machine.must('echo 1 >/proc/sys/net/netfilter/nf_log_all_netns');
  await must(
    ['set -e', `mkdir -p ${cgroup}`, ...qdiscs.flatMap((_, index) => wire(far, index)), ...USER].join('\n'),
  );
  await machine.must(`exec nsenter -t ${far} -n bash -ec '${devices.map(farEnd).join('\n')}'`);
  await must(
    [
      'set -e',
      ...qdiscs.flatMap((lines, index) => lines.map(line => line.replace('DEV', devices[index]!))),
    ].join('\n'),
  );
  const traffic = await openTraffic(machine, { near, far, addresses, everyMs: ground.everyMs });

  const ofPtrap = `while read -r pid; do
    words=(); mapfile -d '' -t words 2>/dev/null </proc/$pid/cmdline; line="\${words[*]}"`;
  const slot: Slot = {
    addresses,
    traffic,
    async ptrap(args, terminal = false) {
      const command = `node dist/src/cli.js ${args.map(quoted).join(' ')}`;
      const line = terminal ? `script -qfec ${quoted(`exec ${command}`)} /dev/null` : command;
      const job = machine.start(`echo $$ >${cgroup}/cgroup.procs; exec ${inside} ${line}`);
      await job.pid();
      return job;
    },
    async hit(pattern, signal = 'KILL') {
      const script = `while ((SECONDS < ${VICTIM_S})); do
        alive=
        ${ofPtrap}
          [[ $line =~ ${pattern} ]] && { kill -${signal} $pid; exit; }
          [[ $line =~ dist/src/cli.js ]] && alive=1
        done <${cgroup}/cgroup.procs
        [[ $alive ]] || exit 1
        sleep 0.05
      done; exit 1`;
      return (await machine.run(script, { timeoutMs: SCRIPT_MS })).code === 0;
    },
    async send(address, port) {
      const sender = machine.start(
        `exec ${inside} bash -c 'exec 3<>/dev/udp/${address}/${port}; echo x >&3; echo sent; exec sleep infinity'`,
      );
      await sender.waitFor(/sent/);
      return sender.pid();
    },
    fill: async full => {
      const size = full ? '$(df -k --output=used /run | tail -1 | tr -d " ")k' : MANY;
      await must(`mount -o remount,size=${size} /run`);
    },
    async quiet(patienceMs) {
      const started = performance.now();
      const script = `for ((tries = 0; tries < ${Math.ceil(patienceMs / 50)}; tries++)); do
        read -r pid <${cgroup}/cgroup.procs || exit 0; sleep 0.05; done; exit 1`;
      const { code } = await machine.run(script, { timeoutMs: patienceMs + SCRIPT_MS });
      return code === 0 ? performance.now() - started : undefined;
    },
    async snapshot() {
      const text = await must(`${snapshotScript(devices, ground)}
        echo '=== processes'
        ${ofPtrap}; echo "$line"; done <${cgroup}/cgroup.procs`);
      const parts = text
        .replace(VOLATILE, '')
        .split(/^=== (.*)\n/m)
        .slice(1);
      return new Map(parts.flatMap((name, at) => (at % 2 === 0 ? [[name, parts[at + 1]!] as const] : [])));
    },
    async clear() {
      await machine.must(`echo 1 >${cgroup}/cgroup.kill`);
      await sleep(100);
    },
  };
  return slot;
}

async function holder({ machine }: Ground, kinds: string): Promise<number> {
  const job = machine.start(`exec unshare ${kinds} sh -c 'echo up; exec sleep infinity'`);
  await job.waitFor(/up/);
  return job.pid();
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** What the user has: it must be there afterwards as it was. */
const USER = [
  'nft add table inet user',
  "nft 'add chain inet user out { type filter hook output priority 0; }'",
  'nft add rule inet user out udp dport 9 drop',
];

/** A /run of the slot's own, but for the journal, with plugins that never return in it. */
function runFolder({ ownJournald }: Ground): string {
  const journal = ownJournald
    ? [
        'mkdir -p /mnt/systemd/journal /mnt/systemd/journald.conf.d',
        "printf '[Journal]\\nStorage=volatile\\nAudit=\\n' >/mnt/systemd/journald.conf.d/test.conf",
        '[ ! -d /var/log/journal ] || mount -t tmpfs -o mode=755 slot /var/log/journal',
      ]
    : ['for d in systemd log; do mkdir /mnt/$d; mount --bind /run/$d /mnt/$d; done'];
  const plugins = hangs.map(hang => `cat >/mnt/hang/${hang}.mjs <<'PLUGIN'\n${hanging(hang)}\nPLUGIN`);
  return [
    'set -e',
    `mount -t tmpfs -o mode=755,size=${MANY} slot /mnt`,
    ...journal,
    'mkdir /mnt/hang',
    ...plugins,
    'mount -n --move /mnt /run',
    'ip link set lo up',
  ].join('\n');
}

function hanging(hang: (typeof hangs)[number]): string {
  const never = 'new Promise(() => undefined)';
  const body = {
    apply: `return ${never};`,
    dispose: `return { [Symbol.asyncDispose]: () => ${never} };`,
    loop: `trap.hooks.report.tap('hanger', () => { for (;;); });`,
  };
  const tap = `trap.hooks.${hang}.tapPromise('hanger', () => ${never});`;
  return `import { definePlugin } from 'ptrap';
export default { plugins: [definePlugin({ name: 'hanger', apply(trap) { ${hang in body ? body[hang as keyof typeof body] : tap} } })] };`;
}

/** The far end's hardware address is known beforehand: nothing waits for a neighbour. */
function wire(far: number, index: number): string[] {
  const mac = (end: number): string => `02:00:00:00:0${index}:0${end}`;
  return [
    `ip link add w${index} address ${mac(1)} numtxqueues 1 numrxqueues 1 type veth peer name f${index} address ${mac(2)} netns ${far}`,
    `ip link set w${index} addrgenmode none`,
    `ip addr add 10.20.${index}.1/24 dev w${index}`,
    `ip link set w${index} up`,
    `ip neigh replace 10.20.${index}.2 lladdr ${mac(2)} nud permanent dev w${index}`,
  ];
}

function farEnd(_device: string, index: number): string {
  return `ip link set f${index} addrgenmode none; ip addr add 10.20.${index}.2/24 dev f${index}; ip link set f${index} up`;
}

function snapshotScript(devices: readonly string[], { ownJournald }: Ground): string {
  const shows = ['lo', ...devices].flatMap(device => [
    ...['class', 'filter'].map(object => `${object} show dev ${device}`),
    ...['egress', 'ingress'].map(block => `filter show dev ${device} ${block}`),
  ]);
  const batch = (options: string): string =>
    `tc ${options} -force -batch - 2>&1 <<'BATCH'\n${['qdisc show', ...shows].join('\n')}\nBATCH`;
  return [
    'echo "=== ruleset"; nft -j list ruleset; nft list ruleset',
    'echo "=== links"; ip -j link',
    `echo "=== traffic control"; ${batch('-j')}\n${batch('')}`,
    'echo "=== state"; ls -A /run/ptrap 2>/dev/null',
    // of a journald that all slots share, other slots' come and go: the suite looks when all is over
    ...(ownJournald ? [BESIDE_JOURNAL] : []),
  ].join('\n');
}
