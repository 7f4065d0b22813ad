import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pidsOf } from '../netns/watch.js';
import type { Job } from '../vm/jobs.js';
import type { Machine } from '../vm/machine.js';
import { useNetwork, wires } from '../vm/network.js';
import { endWatch, eventsOf, startWatch } from '../vm/watch.js';

const SERVER = wires[0]!.server;
/** A rule of the user's own. */
const THEIRS = '-w /etc/shadow -p r -k mine';
const ARGUMENTS = '--source audit --limit-per none --output json --no-config';

let vm: Machine;
let folder: string;
useNetwork(machine => (vm = machine));
beforeAll(async () => {
  folder = await mkdtemp('.cache/auditd-');
  await promisify(execFile)(
    'apt-get',
    ['download', '-q', 'auditd', 'libauparse0', 'libwrap0', 'libnsl2', 'libtirpc3'],
    { cwd: folder },
  );
  // /lib and /sbin are links, which dpkg -x would put folders in the place of
  await vm.must(`set -e; mkdir /run/auditd; for deb in ${folder}/*.deb; do dpkg -x $deb /run/auditd; done
    cd /run/auditd; cp -a etc usr /; cp -a lib/. /usr/lib; cp -a sbin/. /usr/sbin; ldconfig; mkdir -p /var/log/audit`);
});
afterAll(() => rm(folder, { recursive: true }));

/** How audit is set, and its rules; not how busy it is. */
const audit = (): Promise<string> => vm.must("auditctl -s | grep -Ev '^(lost|backlog) '; auditctl -l");

/** So many processes that send and end at once; their parent stays. Gives their pids. */
async function send(kind: 'udp4' | 'tcp4', count: number): Promise<number[]> {
  const job = vm.start(`sleep 1000 | perl test/senders/calls.pl ${kind} ${count} ${SERVER} :: 53 stay`);
  parents.push(job);
  const [text] = await job.waitFor(new RegExp(`^(\\d+\\n){${count}}`), 120_000);
  return text.trim().split('\n').map(Number);
}
const parents: Job[] = [];

const namedBy = (watch: Job): number[] => eventsOf(watch, 'sighting').flatMap(pidsOf);

const sorted = (pids: readonly number[]): number[] => [...pids].sort((a, b) => a - b);

/** Forty that end at once, and a connection each of ten more: all are named, and nobody else. */
async function expectNamed(): Promise<string> {
  const { watch, ready } = await startWatch(vm, `${SERVER}:53 ${ARGUMENTS}`);
  expect(await vm.must('auditctl -l')).toContain(`ptrap-${ready.instance}`);
  const sent = [...(await send('udp4', 40)), ...(await send('tcp4', 10))];
  await expect.poll(() => namedBy(watch).length, { timeout: 120_000 }).toBeGreaterThanOrEqual(sent.length);
  const summary = await endWatch(watch, 'SIGINT');
  expect(sorted(namedBy(watch))).toEqual(sorted(sent));
  expect(summary).toMatchObject({ matches: sent.length, resolved: sent.length, lost: 0 });
  return watch.stderr();
}

describe('ptrap watch --source audit, on Debian’s kernel', () => {
  beforeEach(() => {
    for (const parent of parents.splice(0)) parent.signal('SIGKILL', true);
  });

  it('names who sends and ends at once, and leaves audit as it was', async () => {
    const before = await audit();
    expect(await expectNamed()).toContain('no auditd runs');
    expect(await audit()).toBe(before);
  });

  it('does so beside an auditd, whose rules and records stay its own', async () => {
    const auditd = vm.start('exec auditd -n');
    const pid = await auditd.pid();
    const status = async (): Promise<string> => auditd.stderr() + (await vm.must('auditctl -s'));
    await expect.poll(status, { timeout: 60_000 }).toContain(`pid ${pid}\n`);
    await vm.must(`auditctl ${THEIRS}`);
    const before = await audit();
    expect(await expectNamed()).toContain(`auditd (pid ${pid}) gets the records, too`);
    expect(await audit()).toBe(before);
    await vm.must('cat /etc/shadow >/dev/null');
    await expect
      .poll(() => vm.must('cat /var/log/audit/audit.log'), { timeout: 60_000 })
      .toContain('key="mine"');
    auditd.signal('SIGTERM');
    await auditd.end(60_000);
    await vm.must('auditctl -D -k mine');
  });

  it('counts what the kernel had no room for as lost, and names nobody wrongly', async () => {
    await vm.must('auditctl -b 4 --backlog_wait_time 0');
    const { watch } = await startWatch(vm, `${SERVER}:53/udp ${ARGUMENTS}`);
    const sent = await send('udp4', 300);
    let seen = -1;
    while (seen !== (seen = namedBy(watch).length)) await sleep(5000);
    const summary = await endWatch(watch, 'SIGINT');
    const { matches, resolved, unresolved, suppressed, lost } = summary;
    console.log(`${sent.length} sent; ${matches} matches, ${resolved} resolved, ${lost} lost`);
    expect(lost).toBeGreaterThan(0);
    expect(matches).toBe(resolved + unresolved + suppressed + lost);
    expect(namedBy(watch).filter(pid => !sent.includes(pid))).toEqual([]);
    await vm.must('auditctl -b 8192 --backlog_wait_time 15000');
  });

  it('says what a limit to the records of a second costs', async () => {
    await vm.must('auditctl -r 1000');
    const { watch } = await startWatch(vm, `${SERVER}:53/udp ${ARGUMENTS}`);
    const summary = await endWatch(watch, 'SIGINT');
    expect(summary.gaps).toContainEqual(expect.stringContaining('beyond 1000 audit records a second'));
    await vm.must('auditctl -r 0');
  });

  it('refuses where audit is locked until the next boot, and has touched nothing', async () => {
    await vm.must('auditctl -e 2');
    const before = await audit();
    const refusal = await vm.run(`node dist/src/cli.js watch ${SERVER}:53/udp ${ARGUMENTS}`, {
      timeoutMs: 180_000,
    });
    expect(refusal).toMatchObject({ code: 3, stdout: '' });
    expect(refusal.stderr).toMatch(/^PTRAP_E_AUDIT_LOCKED: /m);
    expect(await audit()).toBe(before);
    expect((await vm.run('ls -A /run/ptrap')).stdout).toBe('');
  });
});
