import { statSync } from 'node:fs';
import type { Settings } from './config/settings.js';
import { clsactCommands } from './hold/clsact.js';
import { openDevices } from './hold/devices.js';
import { buildEgress } from './hold/egress.js';
import { ifbCommands, type Command } from './hold/ifb.js';
import { ifbAlias, ifbName } from './hold/netem.js';
import { rootCommands, rootFilterCommands } from './hold/root.js';
import { tcMatches } from './hold/tc-match.js';
import { BELL_SNAPLEN } from './match/bell.js';
import { buildProgram } from './match/bpf/program.js';
import { SNAPLEN } from './match/nflog.js';
import { QUEUED_MS } from './match/queue.js';
import { seesCalls, type PacketSource } from './match/source.js';
import type { Delivery } from './rules/delivery.js';
import { NETLINK_ROUTE } from './netlink/link.js';
import { openNetlink } from './netlink/socket.js';
import { newInstance } from './run.js';
import { auditKey, recordsSends } from './match/audit/set-up.js';
import { architecturesOf, callRules, ruleText } from './netlink/audit-syscalls.js';
import { buildProbeRule, buildRuleset, chainsWithPorts, tableName } from './rules/ruleset.js';
import { buildPacketSockets } from './rules/packet-sockets.js';
import { buildSenders } from './rules/senders.js';
import { hookableDevices } from './nft/device.js';
import { lookupTargets } from './target/lookup.js';
import { parseTarget } from './target/parse.js';
import type { ResolvedTarget } from './target/target.js';
import { recordPath } from './teardown/record.js';

/** Stands in for what only a real run can know. */
const UNKNOWN = {
  device: '<device>',
  delay: '<measured>',
  pid: '<pid>',
  start: '<start time>',
  group: '<free group>',
  probe: { address: '<own address>', port: '<own port>' },
  /** A program takes numbers only. */
  call: { address: '127.0.0.0', port: 0 },
};

/**
 * What `run` would do with these settings, in order, as text: the nft transactions, commands and files. Changes
 * nothing and needs no privilege; what only a real run can know stands in angle brackets.
 */
export async function describe(settings: Settings): Promise<string> {
  const targets = await lookupTargets(settings.targets.map(parseTarget));
  const instance = newInstance();
  if (settings.source === 'audit') return auditText(settings, targets, instance);
  if (seesCalls(settings.source)) return callsText(settings, targets, instance);
  const table = tableName(instance);
  const limit = settings.limitPer === 'connection' ? settings.limit : undefined;
  const { delivery, how, files } = sourceOf(settings.source, settings.delay, instance, targets.length);
  const { newConnections, forwarded } = settings;
  const options = { instance, delivery, newConnections, forwarded, limit };
  const rules = buildRuleset(targets, options);
  const senders = buildSenders(instance, chainsWithPorts(targets, options));
  const sections = [
    ['files', recordPath(instance), ...files],
    ['nft -i -j, one transaction: log', ...rules],
    ['nft, one transaction: cgroups of senders (where the kernel has nft_socket)', ...senders],
    ...(delivery.to === 'queues'
      ? []
      : [
          [
            'nft, one transaction: packet sockets (Linux 5.16)',
            ...buildPacketSockets(targets, await allLinks(), options),
          ],
        ]),
    ['source', how],
    ['nft: for the moment of the proof', `# ${buildProbeRule({ instance, delivery }, UNKNOWN.probe)}`],
  ];
  if (settings.hold !== 'none' && delivery.to !== 'queues') {
    const devices = await devicesNow(targets).catch(() => [UNKNOWN.device]);
    const ifb = ifbName(instance);
    const matches = tcMatches(targets);
    const delay = settings.delay === 'auto' ? UNKNOWN.delay : settings.delay;
    sections.push(
      [
        `hold${settings.hold ? '' : ' (where the kernel has netem)'}`,
        ...ifbCommands(ifb, ifbAlias(UNKNOWN.pid, UNKNOWN.start), delay).map(commandLine),
      ],
      settings.holdStrategy === 'clsact' || settings.holdStrategy === 'root'
        ? [
            ...filterTitle[settings.holdStrategy],
            ...(settings.holdStrategy === 'root'
              ? [
                  ...devices.flatMap(rootCommands),
                  ...devices.flatMap(device => rootFilterCommands(device, { instance, ifb, matches })),
                ]
              : devices.flatMap(device => clsactCommands(device, { instance, ifb, matches }, false, 0))
            ).map(commandLine),
          ]
        : ['nft, one transaction: hold', ...buildEgress(table, ifb, devices, targets, delay)],
    );
  }
  return page(sections);
}

/** The same where calls are seen: without rules, and nothing is held. */
function callsText(
  { newConnections }: Settings,
  targets: readonly ResolvedTarget[],
  instance: string,
): string {
  const netns = statSync('/proc/self/ns/net').ino;
  const program = buildProgram({ targets, probe: UNKNOWN.call, newConnections, netns, via: 'fentry' });
  return page([
    ['files', recordPath(instance)],
    [`bpftrace -f json, this program (calls to ${UNKNOWN.call.address} are ptrap’s own)`, program],
  ]);
}

/** The same where the kernel's audit records calls. */
function auditText(
  { newConnections }: Settings,
  targets: readonly ResolvedTarget[],
  instance: string,
): string {
  const rules = callRules(architecturesOf(process.arch) ?? [], auditKey(instance), {
    sends: recordsSends(targets, newConnections),
    byFamily: true,
  });
  return page([
    ['files', recordPath(instance)],
    ['rules of the kernel’s audit, over netlink', ...rules.map(ruleText)],
    ['auditing, where it is off, until the end', 'auditctl -e 1'],
    ['source', 'the records of the kernel’s audit (multicast group READLOG), over netlink'],
  ]);
}

function page(sections: readonly (readonly string[])[]): string {
  return `${sections.map(([title, ...lines]) => [`# ${title}`, ...lines].join('\n')).join('\n\n')}\n`;
}

async function devicesNow(targets: readonly ResolvedTarget[]): Promise<string[]> {
  using netlink = openNetlink(NETLINK_ROUTE);
  return (await openDevices(netlink).to(targets)).map(({ name }) => name);
}

function allLinks(): Promise<string[]> {
  return hookableDevices().catch(() => [UNKNOWN.device]);
}

/** Where packets are brought, in words too, and the files that takes. */
function sourceOf(
  source: PacketSource['name'] | 'auto',
  delay: Settings['delay'],
  instance: string,
  targets: number,
): { delivery: Delivery; how: string; files: string[] } {
  switch (source) {
    case 'nflog':
      return {
        delivery: { to: 'group', group: UNKNOWN.group, snaplen: SNAPLEN },
        how: `NFLOG group ${UNKNOWN.group}, over netlink`,
        files: [],
      };
    case 'queue': {
      const delayMs = delay === 'auto' ? QUEUED_MS : delay;
      const queues = Array.from({ length: targets }, (_, index) => `<free queue ${index}>`);
      return {
        delivery: { to: 'queues', queues, probes: '<free queue for probes>', delayMs },
        how: `NFQUEUE, over netlink, by a child that holds each packet for ${delayMs} ms at the most`,
        files: [],
      };
    }
    case 'auto':
    case 'journal':
      return {
        delivery: { to: 'kernel-log', bell: { group: UNKNOWN.group, snaplen: BELL_SNAPLEN } },
        how: `journalctl -f -k -o json, woken when NFLOG group ${UNKNOWN.group} brings a packet’s head`,
        files: [`/run/log/journal/ptrap-${instance}.nudge (or in /var/log/journal)`],
      };
  }
}

const filterTitle = {
  clsact: ['filters (their prefs above those that are there)'],
  root: ['another root qdisc (once it was seen that yours can be restored)'],
};

function commandLine(command: Command): string {
  return command.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w:./=-]+$/.test(word) ? word : `'${word}'`;
}
