import type { Settings } from './config/settings.js';
import { clsactCommands } from './hold/clsact.js';
import { devicesTo } from './hold/devices.js';
import { buildEgress } from './hold/egress.js';
import { ifbCommands, type Command } from './hold/ifb.js';
import { ifbAlias, ifbName } from './hold/netem.js';
import { rootCommands } from './hold/root.js';
import { tcMatches } from './hold/tc-match.js';
import { SNAPLEN } from './match/nflog.js';
import type { Delivery } from './rules/delivery.js';
import { newInstance } from './run.js';
import { buildProbeRule, buildRuleset, tableName } from './rules/ruleset.js';
import { lookupTargets } from './target/lookup.js';
import { parseTarget } from './target/parse.js';
import { recordPath } from './teardown/record.js';

/** Stands in for what only a real run can know. */
const UNKNOWN = {
  device: '<device>',
  delay: '<measured>',
  pid: '<pid>',
  start: '<start time>',
  group: '<free group>',
  probe: { address: '<own address>', port: '<own port>' },
};

/**
 * What `run` would do with these settings, in order, as text: the nft transactions, commands and files. Changes
 * nothing and needs no privilege; what only a real run can know stands in angle brackets.
 */
export async function describe(settings: Settings): Promise<string> {
  const targets = await lookupTargets(settings.targets.map(parseTarget));
  const instance = newInstance();
  const table = tableName(instance);
  const limit = settings.limitPer === 'connection' ? settings.limit : undefined;
  const nflog = settings.source === 'nflog';
  const delivery: Delivery = nflog
    ? { to: 'group', group: UNKNOWN.group, snaplen: SNAPLEN }
    : { to: 'kernel-log' };
  const { newConnections } = settings;
  const rules = buildRuleset(targets, { instance, delivery, newConnections, limit });
  const sections = [
    [
      'files',
      recordPath(instance),
      ...(nflog ? [] : [`/run/log/journal/ptrap-${instance}.nudge (or in /var/log/journal)`]),
    ],
    ['nft -i -j, one transaction: log', ...rules],
    ['source', nflog ? `NFLOG group ${UNKNOWN.group}, over netlink` : 'journalctl -f -k -o json'],
    ['nft: for the moment of the proof', `# ${buildProbeRule({ instance, delivery }, UNKNOWN.probe)}`],
  ];
  if (settings.hold !== 'none') {
    const devices = await devicesTo(targets).catch(() => [UNKNOWN.device]);
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
            ...devices
              .flatMap(device =>
                settings.holdStrategy === 'root'
                  ? rootCommands(device, { instance, ifb, matches })
                  : clsactCommands(device, { instance, ifb, matches }, false, []),
              )
              .map(commandLine),
          ]
        : ['nft, one transaction: hold', ...buildEgress(table, ifb, devices, targets)],
    );
  }
  return `${sections.map(([title, ...lines]) => [`# ${title}`, ...lines].join('\n')).join('\n\n')}\n`;
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
