/**
 * The bench: ptrap against its peers, one run, one machine, the same senders for each. Needs root, `npm run build`,
 * and Debian's nftables, iproute2, lsof, perl, util-linux, systemd; bpftrace where it is to be compared.
 *
 *   npm run bench                        all that this machine can show, into docs/benchmarks.md; about 15 minutes
 *   npm run bench -- --vm                the comparison in the virtual machine (scripts/vm/prepare.sh), into the same page
 *   npm run bench -- --only idle         one part of it: compare, home, flows or idle
 *   npm run bench -- --vm --minutes 20   no further run of the comparison when it would end later than that
 *   npm run bench -- --runs 1 --tools 'none|nflog' --workloads 'flood'   some of the comparison; printed, not written
 *
 * --tools and --workloads are regular expressions on the names in tools.ts and workloads.ts. Another tool to compare is
 * one more object in tools.ts; another kind of sender one in workloads.ts. compare.ts runs them (measure.ts is the
 * loop, score.ts one turn of it, running.ts a tool that runs, account.ts what it costs, join.ts who was named),
 * flows.ts sends 5,000 new flows a second, idle.ts looks at ptrap at rest; the *-page.ts turn figures into
 * docs/benchmarks.md, which explains them.
 */
import { parseArgs } from 'node:util';
import { bootMachine } from '../test/vm/machine.js';
import { compare, MARK, type Choice, type Comparison } from './compare.js';
import { renderComparison } from './comparison-page.js';
import { renderFlows } from './flows-page.js';
import { measureFlows } from './flows.js';
import { renderIdle } from './idle-page.js';
import { measureIdle } from './idle.js';
import { writeSection, type Section } from './page.js';

const { values } = parseArgs({
  options: {
    vm: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    runs: { type: 'string', default: '5' },
    minutes: { type: 'string', default: '120' },
    tools: { type: 'string', default: '' },
    workloads: { type: 'string', default: '' },
  },
});

/** For all of the comparison in the virtual machine. */
const VM_TIMEOUT_MS = 2 * 3_600_000;

const choice: Choice = {
  runs: Number(values.runs),
  minutes: Number(values.minutes),
  tools: values.tools,
  workloads: values.workloads,
};
const isWhole = choice.tools === '' && choice.workloads === '';

const wanted = (part: string): boolean => !values.vm && ['', part].includes(values.only);

if (values.vm) publish('vm', renderComparison('In the virtual machine', await compareInVm()));
if (wanted('compare')) publish('host', renderComparison('On the host', await compare(choice, 'host')));
if (wanted('home'))
  publish('home', renderComparison('On the host, outside of any namespace', await compare(choice, 'home')));
if (wanted('flows')) publish('flows', renderFlows(await measureFlows(say)));
if (wanted('idle')) publish('idle', renderIdle(await measureIdle(choice.runs, say), choice.runs));

function say(line: string): void {
  console.error(line);
}

function publish(section: Section, text: string): void {
  if (isWhole) writeSection(section, text);
  console.log(text);
}

async function compareInVm(): Promise<Comparison> {
  await using vm = await bootMachine();
  const job = vm.start(`exec node --import tsx bench/compare.ts '${JSON.stringify(choice)}'`);
  let told = 0;
  const telling = setInterval(() => {
    process.stderr.write(job.stderr().slice(told));
    told = job.stderr().length;
  }, 1_000);
  const { stdout } = await job.end(VM_TIMEOUT_MS).finally(() => clearInterval(telling));
  return JSON.parse(stdout.slice(stdout.indexOf(MARK) + MARK.length)) as Comparison;
}
