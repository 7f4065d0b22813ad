import { delayFor } from '../match/proof.js';
import type { Facts, Outcome } from './facts.js';
import { install, installModules } from './packages.js';
import type { Check as Judged } from './report.js';
import { holds, sources, type Feature, type Trial } from './trials.js';
import type { ToolName } from './tools.js';

/** What is found of one thing, and where it is wanting what that costs and the command that closes the gap. */
export type Verdict = Pick<Judged, 'status' | 'found' | 'latencyMs' | 'costs' | 'cure'>;

interface Check extends Pick<Judged, 'group' | 'name'> {
  judge(facts: Facts): Verdict;
}

const ok = (found: string): Verdict => ({ status: 'ok', found });

/** Tools, with the Debian package that brings each, and what goes without it. */
const tools: Record<ToolName, { package: string; costs: string; blocks?: true }> = {
  nft: { package: 'nftables', costs: 'nothing can be watched', blocks: true },
  ip: { package: 'iproute2', costs: 'no packet can be held by netem' },
  tc: { package: 'iproute2 (tc)', costs: 'no packet can be held by netem' },
  journalctl: { package: 'systemd', costs: 'no source journal' },
  modprobe: { package: 'kmod', costs: 'kernel modules that are not loaded yet count as missing' },
  setpriv: { package: 'util-linux', costs: 'no source nflog, and the journal is read later' },
  bpftrace: { package: 'bpftrace', costs: 'no source bpf, which names also who sends and ends at once' },
};

/** Features of the kernel, with what goes without each and what brings it. */
const features: Record<
  Feature,
  { name: string; costs: string; cure: (facts: Facts) => string; blocks?: true }
> = {
  nf_tables: {
    name: 'nf_tables',
    costs: 'nothing can be watched',
    cure: () => 'modprobe nf_tables',
    blocks: true,
  },
  owner: {
    name: 'nft tables with an owner',
    costs: 'nothing can be watched: rules that go with ptrap, however it ends, cannot be made',
    cure: () => 'needs Linux 5.12 and nft 0.9.9 or newer',
    blocks: true,
  },
  sockDiag: {
    name: 'sock_diag',
    costs: 'no process can be named',
    cure: () => 'modprobe -a udp_diag tcp_diag inet_diag; and see that /proc is not mounted with hidepid',
    blocks: true,
  },
  processEvents: {
    name: 'process events',
    costs: 'slower look-ups, and who has ended before its packet was looked up is not named',
    cure: () => 'needs CONFIG_PROC_EVENTS, and ptrap outside of pid and user namespaces',
  },
  cgroups: {
    name: 'cgroups of sockets in nft',
    costs: 'of a sender that has ended, unit and container are not known',
    cure: () => 'needs Linux 5.13, nft 0.9.9 or newer and nft_socket (modprobe nft_socket)',
  },
  nflog: {
    name: 'NFLOG',
    costs: 'no source nflog, and the journal is read later',
    cure: () => 'modprobe nfnetlink_log',
  },
  queue: { name: 'nft queue', costs: 'no source queue', cure: () => 'modprobe -a nft_queue nfnetlink_queue' },
  egress: {
    name: 'nft egress hook',
    costs: 'held by filters in clsact instead, where nobody has an ingress qdisc',
    cure: () => 'needs Linux 5.17 and nft 1.0.1 or newer',
  },
  ifb: { name: 'ifb', costs: 'no packet can be held by netem', cure: cureOfModules },
  netem: {
    name: 'netem',
    costs: 'no packet is held, unless by source queue: who sends and ends within some 10 ms may be missed',
    cure: cureOfModules,
  },
};

function cureOfModules({ machine: { hasModules, kernel, manager, distributionId } }: Facts): string {
  return hasModules
    ? installModules(manager, distributionId)
    : `reboot, if the kernel was updated: /lib/modules/${kernel} is not there; in a container, run ptrap on the host; else ${installModules(manager, distributionId)}`;
}

const privileges: Check[] = [
  {
    group: 'Privileges',
    name: 'root',
    judge({ privileges: { uid, missing } }) {
      if (missing.length === 0)
        return ok(uid === 0 ? 'yes' : `uid ${uid}, with all capabilities that it takes`);
      const found = `uid ${uid}, without ${missing.join(', ')}`;
      if (uid !== 0)
        return { status: 'gap', found, costs: 'much could not be looked at', cure: 'sudo ptrap doctor' };
      const cure = `start it with these, in a container with --cap-add, in a unit with AmbientCapabilities=`;
      return { status: 'blocker', found, costs: 'nothing can be watched', cure };
    },
  },
  {
    group: 'Privileges',
    name: 'node',
    judge({ privileges: { node, sudoNode } }) {
      const found = `${node.version} (${node.path})`;
      if (sudoNode === undefined || sudoNode?.path === node.path) return ok(found);
      const cure = `sudo env "PATH=$PATH" ptrap …, or install Node for everybody`;
      if (sudoNode === null)
        return {
          status: 'gap',
          found: `${found}; sudo finds none`,
          costs: '`sudo ptrap` does not start',
          cure,
        };
      return {
        status: 'gap',
        found: `${found}; sudo finds another, ${sudoNode.version} (${sudoNode.path})`,
        costs: `\`sudo ptrap\` may not be found, and runs with that one (needed: ${node.needed})`,
        cure,
      };
    },
  },
];

const ofTools = Object.entries(tools).map(([name, { package: packageName, costs, blocks }]): Check => ({
  group: 'Tools',
  name,
  judge({ tools: found, machine: { manager } }) {
    const tool = found[name as ToolName];
    if (tool) return ok(tool.version);
    const status = blocks ? 'blocker' : 'gap';
    return { status, found: 'not installed', costs, cure: install(manager, packageName) };
  },
}));

const ofFeatures = Object.entries(features).map(([id, { name, costs, cure, blocks }]): Check => ({
  group: 'Kernel',
  name,
  judge: facts => judgeOutcome(facts.outcomes[id as Trial], { costs, cure: cure(facts), blocks }),
}));

/** A failure that has a cause of its own among the checks tells neither its cost nor its cure again. */
function judgeOutcome(
  outcome: Outcome,
  { costs, cure, blocks }: { costs: string; cure?: string; blocks?: true | undefined },
): Verdict {
  switch (outcome.result) {
    case 'works':
      return ok('yes');
    case 'untried':
      return { status: 'unknown', found: outcome.why };
    case 'lacks':
      return { status: 'gap', found: `needs ${nameOf(outcome.needed)}` };
    case 'fails': {
      if (outcome.code === 'PTRAP_E_JOURNALD_DOWN') return { status: 'gap', found: 'needs journald' };
      const way = cure ?? outcome.fix;
      const status = blocks ? 'blocker' : 'gap';
      const found = `no: ${outcome.message}`;
      return { status, found, costs, ...(way !== undefined && { cure: way }) };
    }
  }
}

function nameOf(trial: Trial): string {
  return trial in features ? features[trial as Feature].name : trial;
}

const journal: Check[] = [
  {
    group: 'Journal',
    name: 'journald',
    judge({ journald: { runs, folder, storage } }) {
      if (!runs)
        return {
          status: 'gap',
          found: 'not running',
          costs: sources.journal.costs,
          cure: 'systemctl start systemd-journald',
        };
      if (storage === 'none' || folder === null)
        return {
          status: 'gap',
          found: `running, keeps nothing (Storage=${storage})`,
          costs: sources.journal.costs,
          cure: 'Storage=auto in journald.conf(5), then systemctl restart systemd-journald',
        };
      return ok(`running, in ${folder} (Storage=${storage})`);
    },
  },
  {
    group: 'Journal',
    name: 'limits',
    judge({ journald: { rateLimit, maxLevelStore, readKMsg } }) {
      const levels = ['debug', '7'];
      const limit = `${rateLimit.burst} messages in ${rateLimit.interval} for each service, none for the kernel`;
      const wrong = [
        ...(levels.includes(maxLevelStore) ? [] : [`MaxLevelStore=${maxLevelStore}`]),
        ...(/^(no|0|false|off)$/i.test(readKMsg) ? [`ReadKMsg=${readKMsg}`] : []),
      ];
      if (wrong.length === 0) return ok(limit);
      return {
        status: 'gap',
        found: wrong.join(', '),
        costs: 'no source journal: the lines of ptrap’s rules do not get there',
        cure: 'MaxLevelStore=debug and ReadKMsg=yes in journald.conf(5), then systemctl restart systemd-journald',
      };
    },
  },
  {
    group: 'Journal',
    name: 'nudge',
    judge({ outcomes: { 'source journal': outcome } }) {
      if (outcome.result !== 'works') return { status: 'unknown', found: 'not seen: no line came through' };
      const { latencyMs = 0 } = outcome;
      if (latencyMs < SLEEPY_MS) return ok('journalctl wakes when it is nudged');
      return {
        status: 'gap',
        found: `journalctl wakes late, after ${latencyMs.toFixed(0)} ms`,
        costs: `with source journal packets are held for ${delayFor(latencyMs)} ms`,
        cure: 'use --source nflog; or try again when the machine is less busy',
      };
    },
  },
];

/** By itself journalctl wakes after up to 250 ms; nudged it takes a tenth of this on an idle machine. */
const SLEEPY_MS = 150;

const ofSources = Object.entries(sources).map(([name, { costs, sees, isHeldBy }]): Check => ({
  group: 'Sources',
  name,
  judge({ outcomes }) {
    const outcome = outcomes[`source ${name}` as Trial];
    if (outcome.result !== 'works' || outcome.latencyMs === undefined)
      return judgeOutcome(outcome, { costs });
    const { latencyMs } = outcome;
    const held = isHeldBy === 'netem' ? `; a packet would be held for ${delayFor(latencyMs)} ms` : '';
    return { ...ok(`${sees}${held}`), latencyMs };
  },
}));

const ofHolds = Object.entries(holds).map(([name, { costs }]): Check => ({
  group: 'Holds',
  name: `netem, ${name}`,
  judge({ outcomes }) {
    const outcome = outcomes[`hold ${name}` as Trial];
    const verdict = judgeOutcome(outcome, { costs });
    if (outcome.result !== 'works' || outcome.latencyMs === undefined) return verdict;
    return { ...ok('held a packet of ptrap’s own and let it go'), latencyMs: outcome.latencyMs };
  },
}));

/** Everything that is looked at, in the order in which it is told. */
export const checks: readonly Check[] = [
  ...privileges,
  ...ofTools,
  ...ofFeatures,
  ...journal,
  ...ofSources,
  ...ofHolds,
];
