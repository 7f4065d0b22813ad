/** A configuration of traffic control that a user may have: what it is called, and the commands that make it on a device. */
export interface QdiscKind {
  name: string;
  /** Without `tc`; `DEV` stands for the device. */
  setUp: string[];
}

const root = (name: string, options = ''): QdiscKind => ({
  name,
  setUp: [`qdisc add dev DEV root handle 1: ${name} ${options}`],
});

const HTB = [
  'qdisc add dev DEV root handle 1: htb default 20',
  'class add dev DEV parent 1: classid 1:1 htb rate 100mbit burst 15k',
  'class add dev DEV parent 1:1 classid 1:10 htb rate 60mbit ceil 100mbit prio 1',
  'class add dev DEV parent 1:1 classid 1:20 htb rate 40mbit ceil 100mbit quantum 3000',
  'qdisc add dev DEV parent 1:10 handle 10: sfq perturb 10',
  'qdisc add dev DEV parent 1:20 handle 20: fq_codel',
];

/** Every qdisc of the guest's kernel that can stand at the root of a device alone, and what hangs on them. */
export const kinds: QdiscKind[] = [
  { name: 'noqueue', setUp: [] },
  root('pfifo_fast'),
  root('pfifo', 'limit 77'),
  root('bfifo', 'limit 77777'),
  root('pfifo_head_drop', 'limit 50'),
  root('fq', 'limit 5000 flow_limit 50'),
  root('fq_codel', 'limit 2000 target 4ms'),
  root('codel', 'limit 500 target 7ms'),
  root('fq_pie', 'limit 5000'),
  root('pie', 'limit 500 target 20ms'),
  root('sfq', 'perturb 10'),
  root('cake', 'bandwidth 100mbit'),
  root('hhf'),
  root('skbprio', 'limit 100'),
  root('red', 'limit 200000 min 20000 max 60000 avpkt 1000 burst 40 bandwidth 10mbit'),
  root('choke', 'limit 1000 min 200 max 600 bandwidth 10mbit'),
  root('sfb'),
  { name: 'gred', setUp: ['qdisc add dev DEV root handle 1: gred setup DPs 2 default 1'] },
  root('tbf', 'rate 100mbit burst 32k latency 50ms'),
  {
    name: 'tbf with a peakrate',
    setUp: [
      'qdisc add dev DEV root handle 1: tbf rate 100mbit burst 32k latency 50ms peakrate 200mbit minburst 1540',
    ],
  },
  {
    name: 'prio with flower',
    setUp: [
      'qdisc add dev DEV root handle 1: prio bands 4',
      'qdisc add dev DEV parent 1:4 handle 40: pfifo limit 5',
      'filter add dev DEV parent 1: protocol ip pref 3 flower ip_proto udp dst_port 99 classid 1:4',
    ],
  },
  root('multiq'),
  {
    name: 'mq',
    setUp: [
      'qdisc replace dev DEV root handle 9: mq',
      'qdisc replace dev DEV parent 9:2 handle 92: fq_codel',
    ],
  },
  { name: 'mqprio', setUp: ['qdisc add dev DEV root handle 1: mqprio num_tc 2 map 0 1 queues 2@0 2@2 hw 0'] },
  root('ets', 'bands 4 strict 1 quanta 3000 2000 1000'),
  {
    name: 'drr with matchall',
    setUp: [
      'qdisc add dev DEV root handle 1: drr',
      'class add dev DEV parent 1: classid 1:1 drr quantum 2000',
      'filter add dev DEV parent 1: protocol all pref 1 matchall classid 1:1',
    ],
  },
  {
    name: 'qfq with basic',
    setUp: [
      'qdisc add dev DEV root handle 1: qfq',
      'class add dev DEV parent 1: classid 1:1 qfq weight 10 maxpkt 2000',
      "filter add dev DEV parent 1: protocol all pref 1 basic match 'not meta(priority eq 77)' classid 1:1",
    ],
  },
  {
    name: 'htb with u32',
    setUp: [
      ...HTB,
      'filter add dev DEV parent 1: protocol ip prio 1 u32 match ip dport 80 0xffff flowid 1:10',
      'filter add dev DEV parent 1: protocol ip prio 2 u32 match ip protocol 17 0xff flowid 1:20',
      'filter add dev DEV parent 1: protocol ipv6 prio 3 u32 match ip6 dport 80 0xffff flowid 1:10',
    ],
  },
  {
    name: 'htb with fw',
    setUp: [...HTB, 'filter add dev DEV parent 1: protocol ip prio 1 handle 7 fw classid 1:10'],
  },
  {
    name: 'htb with u32 hash tables',
    setUp: [
      ...HTB,
      'filter add dev DEV parent 1: prio 5 handle 2: protocol ip u32 divisor 16',
      'filter add dev DEV parent 1: protocol ip prio 5 u32 ht 2:3: match ip dport 80 0xffff flowid 1:10',
      'filter add dev DEV parent 1: protocol ip prio 5 u32 ht 800:: match ip dst 10.0.0.0/8 hashkey mask 0x0f at 16 link 2:',
    ],
  },
  {
    name: 'htb with a filter that acts',
    setUp: [
      ...HTB,
      'filter add dev DEV parent 1: protocol ip prio 1 u32 match ip dport 80 0xffff action skbedit priority 1:10',
    ],
  },
  {
    name: 'hfsc',
    setUp: [
      'qdisc add dev DEV root handle 1: hfsc default 1',
      'class add dev DEV parent 1: classid 1:1 hfsc sc rate 50mbit ul rate 100mbit',
      'class add dev DEV parent 1: classid 1:2 hfsc sc umax 1500 dmax 20ms rate 10mbit',
    ],
  },
  {
    name: 'tbf with a rate estimator',
    setUp: ['qdisc add dev DEV root handle 1: estimator 1sec 8sec tbf rate 100mbit burst 32k latency 50ms'],
  },
  {
    name: 'pfifo with a size table',
    setUp: ['qdisc add dev DEV root handle 1: stab overhead 8 linklayer adsl mtu 2047 pfifo limit 100'],
  },
  root('netem', 'delay 1ms'),
  {
    name: 'clsact with filters',
    setUp: [
      'qdisc add dev DEV root handle 1: fq_codel',
      'qdisc add dev DEV clsact',
      'filter add dev DEV egress protocol ip pref 100 u32 match ip dport 81 0xffff action pass',
      'filter add dev DEV egress protocol ipv6 pref 200 flower ip_proto tcp action pass',
      'filter add dev DEV ingress protocol ip pref 1 u32 match ip dport 81 0xffff action pass',
    ],
  },
  { name: 'clsact without filters', setUp: ['qdisc add dev DEV clsact'] },
  {
    name: 'ingress',
    setUp: [
      'qdisc add dev DEV ingress',
      'filter add dev DEV ingress protocol ip pref 1 u32 match ip dport 81 0xffff action pass',
    ],
  },
  root('plug', 'limit 100000'),
];
