import { afterAll, beforeAll } from 'vitest';
import { bootMachine, type Machine } from './machine.js';

/** A device of the guest, what its root qdisc is, and the address of a server behind it. */
interface Wire {
  qdisc: string;
  device: string;
  server: string;
  /** Commands that configure its traffic control, as a user may have. */
  setUp: string[];
}

/** One device for each kind of traffic control that ptrap must leave as it is. */
export const wires: Wire[] = [
  { qdisc: 'noqueue', device: 'plain', server: '10.20.1.2', setUp: [] },
  {
    qdisc: 'fq_codel',
    device: 'fair',
    server: '10.20.2.2',
    setUp: ['tc qdisc add dev fair root handle 5: fq_codel limit 2000 target 4ms'],
  },
  {
    qdisc: 'htb',
    device: 'shaped',
    server: '10.20.3.2',
    setUp: [
      'tc qdisc add dev shaped root handle 1: htb default 20',
      'tc class add dev shaped parent 1: classid 1:1 htb rate 100mbit',
      'tc class add dev shaped parent 1:1 classid 1:10 htb rate 60mbit ceil 100mbit',
      'tc class add dev shaped parent 1:1 classid 1:20 htb rate 40mbit ceil 100mbit',
      'tc qdisc add dev shaped parent 1:10 handle 10: sfq perturb 10',
      'tc filter add dev shaped parent 1: protocol ip prio 1 u32 match ip dport 80 0xffff flowid 1:10',
      'tc filter add dev shaped parent 1: protocol ip prio 2 u32 match ip protocol 17 0xff flowid 1:20',
    ],
  },
  {
    qdisc: 'mq',
    device: 'queues',
    server: '10.20.4.2',
    setUp: [
      'tc qdisc replace dev queues root handle 9: mq',
      'tc qdisc replace dev queues parent 9:2 handle 92: fq_codel',
    ],
  },
];

/** Boots a guest with the wires for the tests of a file, which take it before hooks of their own. */
export function useNetwork(take: (vm: Machine) => void): void {
  let vm: Machine | undefined;
  beforeAll(async () => {
    vm = await bootMachine();
    await connect(vm);
    take(vm);
  });
  afterAll(() => vm?.[Symbol.asyncDispose]());
}

/** Makes the wires, each to a server in a second namespace that echoes UDP on 53 and 54 and TCP on 80. */
async function connect(vm: Machine): Promise<void> {
  const commands = wires.flatMap(({ device, server, setUp }) => {
    const own = server.replace(/2$/, '1');
    return [
      `ip link add ${device} numtxqueues 4 numrxqueues 4 type veth peer name far-${device} numtxqueues 4 numrxqueues 4`,
      `ip link set far-${device} netns far`,
      `ip addr add ${own}/24 dev ${device}`,
      `ip link set ${device} up`,
      `ip -n far addr add ${server}/24 dev far-${device}`,
      `ip -n far link set far-${device} up`,
      ...setUp,
    ];
  });
  await vm.must(['set -e', 'ip netns add far', 'ip -n far link set lo up', ...commands].join('\n'), {
    timeoutMs: 180_000,
  });
  const servers = wires.map(({ server }) => server).join(' ');
  for (const serve of [`udp-echo.mjs 53`, `udp-echo.mjs 54`, `tcp-server.mjs 80`]) {
    await vm.start(`exec ip netns exec far node test/senders/${serve} ${servers}`).waitFor(/listening/);
  }
}

/** All that ptrap could have changed, as text; each kind of qdisc must show in it. */
export async function snapshot(vm: Machine): Promise<string> {
  const devices = ['lo', ...wires.map(({ device }) => device)];
  const traffic = devices.flatMap(device =>
    ['qdisc', 'class', 'filter'].map(
      object => `echo "${object} ${device}"; tc -j ${object} show dev ${device}`,
    ),
  );
  return vm.must(
    [
      'nft -j list ruleset',
      'ip -j link',
      ...traffic,
      'find /run/ptrap /run/log/journal -name "*ptrap*" 2>&1; true',
    ].join('\n'),
  );
}
