import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { report, type Report } from '../../src/doctor/report.js';
import type { StartOptions } from './program.js';
import { useStage } from './stage.js';

// after each test the stage sees to it that nothing is left
const stage = useStage();

async function doctor(options?: StartOptions): Promise<{ code: number | null; found: Report }> {
  const { code, stdout, stderr } = await stage.ptrap(['doctor', '--json'], options).end();
  expect(stderr).toBe('');
  return { code, found: report.parse(JSON.parse(stdout)) };
}

const check = ({ checks }: Report, name: string) => checks.find(one => one.name === name);

/** A kernel that has it holds packets: the machine tests are about that. */
const hasNetem = async (): Promise<boolean> => {
  const { code } = await stage.namespace.run(
    'tc qdisc add dev lo root netem delay 1ms && tc qdisc del dev lo root',
  );
  return code === 0;
};

describe('ptrap doctor', () => {
  it('measures what works here, and says what netem’s absence costs', async ({ skip }) => {
    skip(await hasNetem(), 'this kernel has netem');
    const { code, found } = await doctor();
    expect(code).toBe(0);
    for (const source of ['journal', 'nflog'])
      expect(check(found, source)).toMatchObject({ status: 'ok', latencyMs: expect.any(Number) as number });
    for (const name of [
      'root',
      'nft',
      'nf_tables',
      'nft egress hook',
      'NFLOG',
      'sock_diag',
      'process events',
    ])
      expect(check(found, name)).toMatchObject({ status: 'ok' });
    expect(check(found, 'netem')).toMatchObject({
      status: 'gap',
      costs: expect.stringContaining('may be missed') as string,
    });
    expect(check(found, 'netem, egress')).toMatchObject({ status: 'gap', found: 'needs netem' });
    // where tracefs is mounted, too
    const isBpfBest = check(found, 'bpf')?.status === 'ok';
    expect(found.best?.why).toContain(isBpfBest ? 'bpf names who sends' : 'nothing is held');
  });

  it('is text for a person, without colours in a pipe', async () => {
    const { code, stdout } = await stage.ptrap(['doctor']).end();
    expect(code).toBe(0);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toMatch(/^Best on this machine\n {2}ptrap watch 192\.168\.1\.1:53\/udp/m);
  });

  it('without root looks as far as it can, and says what it could not', async () => {
    const { code, found } = await doctor({ asNobody: true });
    expect(code).toBe(0);
    expect(check(found, 'root')).toMatchObject({ status: 'gap', cure: 'sudo ptrap doctor' });
    expect(check(found, 'journal')).toMatchObject({ status: 'unknown', found: 'only root may' });
    expect(found.best?.command).toMatch(/^sudo /);
  });

  it('without nft nothing can work: exit code 3', async () => {
    const folders = '/usr/sbin /usr/bin /sbin /bin /usr/local/sbin /usr/local/bin';
    const prepare = `for f in ${folders}; do [ ! -e $f/nft ] || mount --bind /dev/null $f/nft; done`;
    const { code, found } = await doctor({ prepare });
    expect(code).toBe(3);
    expect(check(found, 'nft')).toMatchObject({
      status: 'blocker',
      cure: expect.stringContaining('nftables') as string,
    });
    expect(found.best).toBeNull();
  });

  it('killed in the midst of it, its children undo what they made', async () => {
    const running = stage.ptrap(['doctor', '--json']);
    await sleep(1500);
    await running.end('SIGKILL');
    await expect.poll(probers, { timeout: 20_000 }).toEqual([]);
  });
});

/** Pids of processes that try what doctor asks for. */
function probers(): string[] {
  return readdirSync('/proc').filter(pid => /^\d+$/.test(pid) && /doctor\/prober/.test(commandLine(pid)));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // it has ended
  }
}
