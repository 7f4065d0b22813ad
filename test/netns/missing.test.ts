import { describe, expect, it } from 'vitest';
import type { StartOptions } from './program.js';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

const stage = useStage();

const TARGET = '10.77.0.2:53/udp';
const NONE = ['--hold', 'none'];
/** Nothing is said of a machine that starts many processes. */
const QUIET = '--no-process-table';
const JOURNAL = [...NONE, '--source', 'journal'];

/** Where ptrap looks for tools. */
const FOLDERS = '/usr/sbin /usr/bin /sbin /bin /usr/local/sbin /usr/local/bin';

/** Takes a tool away: what is there instead cannot be run. */
const without = (tool: string): string =>
  `for folder in ${FOLDERS}; do [ ! -e $folder/${tool} ] || mount --bind /dev/null $folder/${tool}; done`;

/** Runs into an error: its exit code, and what it said, which must be one line. */
async function refusal(
  args: readonly string[],
  options?: StartOptions,
): Promise<{ code: number | null; stderr: string }> {
  const { code, stdout, stderr } = await stage
    .ptrap(['watch', TARGET, '--no-config', QUIET, ...args], options)
    .end();
  expect(stdout).toBe('');
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(await stage.namespace.snapshot()).toBe(stage.before());
  return { code, stderr };
}

describe('privilege', () => {
  it('not root', async () => {
    const { code, stderr } = await refusal([], { asNobody: true });
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^PTRAP_E_NOT_ROOT: not permitted: CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH missing; run it with sudo/,
    );
  });

  it('root without a capability', async () => {
    const { code, stderr } = await refusal([], {
      prepare: 'exec setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace "$@"',
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^PTRAP_E_NOT_ROOT: not permitted: CAP_SYS_PTRACE missing;/);
  });

  it('ls of what only root may see', async () => {
    const running = await stage.watch([TARGET, ...NONE]);
    const { code, stderr } = await stage.ptrap(['ls'], { asNobody: true }).end();
    expect(code).toBe(3);
    expect(stderr).toContain(
      'PTRAP_E_NOT_ROOT: not permitted: access to /run/ptrap missing; run it with sudo',
    );
    await running.end('SIGINT');
  });
});

describe('tools', () => {
  it.each([
    ['nft', NONE, 'PTRAP_E_NFT_MISSING: nft not found; install nftables (apt install nftables)'],
    [
      'journalctl',
      JOURNAL,
      'PTRAP_E_TOOL_MISSING: journalctl not found; install systemd (apt install systemd)',
    ],
    [
      'ip',
      ['--hold', 'netem'],
      'PTRAP_E_TOOL_MISSING: ip not found; install iproute2 (apt install iproute2)',
    ],
    [
      'tc',
      ['--hold', 'netem'],
      'PTRAP_E_TOOL_MISSING: tc not found; install iproute2 (apt install iproute2)',
    ],
  ])('%s', async (tool, args, message) => {
    const { code, stderr } = await refusal(args, { prepare: without(tool) });
    expect(code).toBe(3);
    expect(stderr).toBe(`${message}\n`);
  });

  it('ip is not needed where nothing is held; by default its absence is said', async () => {
    for (const [hold, said] of [
      [NONE, /^$/],
      [[], /^ptrap: packets are not held, .*ip not found; install iproute2/],
    ] as const) {
      const running = await stage.watch([TARGET, QUIET, ...hold], { prepare: without('ip') });
      expect(running.ready.hold).toEqual({ strategy: 'none', delayMs: 0 });
      expect(running.stderr()).toMatch(said);
      expect(await running.end('SIGINT')).toMatchObject({ code: 0 });
    }
  });
});

describe('netem', () => {
  /** A kernel that has it holds packets: the machine tests are about that. */
  const hasNetem = async (): Promise<boolean> => {
    const { code } = await stage.namespace.run(
      'tc qdisc add dev lo root netem delay 1ms && tc qdisc del dev lo root',
    );
    return code === 0;
  };

  it('asked for by name, is missed by name', async ({ skip }) => {
    skip(await hasNetem(), 'this kernel has netem');
    const { code, stderr } = await refusal(['--hold', 'netem']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^PTRAP_E_NETEM_MISSING: .*apt install linux-modules-extra.*or use --hold none$/m);
  });

  it('by default is done without, and said so', async ({ skip }) => {
    skip(await hasNetem(), 'this kernel has netem');
    const running = await stage.watch([TARGET]);
    expect(running.ready.hold).toEqual({ strategy: 'none', delayMs: 0 });
    expect(running.stderr()).toMatch(
      /^ptrap: packets are not held, short-lived senders may be missed \(PTRAP_E_NETEM_MISSING: /,
    );
    const sender = stage.shell();
    await sender.do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
    await running.sighting(found => pidsOf(found).includes(sender.pid));
    expect(await running.end('SIGINT')).toMatchObject({ code: 0, summary: { resolved: 1 } });
  });
});

describe('the way through the journal', () => {
  it('journald does not run', async () => {
    await stage.namespace.stopJournald('SIGTERM');
    const { code, stderr } = await refusal(JOURNAL);
    await stage.namespace.startJournald();
    expect(code).toBe(3);
    expect(stderr).toBe(
      'PTRAP_E_JOURNALD_DOWN: systemd-journald is not running; start it (systemctl start systemd-journald)\n',
    );
  });

  it('there is no journald at all', async () => {
    const hidden = ['/run/systemd/journal', '/run/log/journal'];
    const { code, stderr } = await refusal(JOURNAL, {
      prepare: hidden.map(folder => `mount -t tmpfs ptrap-test ${folder}`).join('; '),
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^PTRAP_E_JOURNALD_DOWN: /);
  });

  it('the kernel does not log packets of this network namespace', async () => {
    await stage.namespace.kernelLog.allow(false);
    const { code, stderr } = await refusal(JOURNAL);
    await stage.namespace.kernelLog.allow(true);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^PTRAP_E_NETNS_LOG: .*sysctl -w net\.netfilter\.nf_log_all_netns=1/);
  });

  it('a journalctl that does not work', async () => {
    const broken = `printf '#!/bin/sh\\necho broken >&2\\nexit 1\\n' >/mnt/broken; chmod 755 /mnt/broken`;
    const prepare = `mount -t tmpfs ptrap-test /mnt; ${broken}; mount --bind /mnt/broken $(command -v journalctl)`;
    const { code, stderr } = await stage
      .ptrap(['watch', TARGET, '--no-config', ...JOURNAL], { prepare })
      .end();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^PTRAP_E_JOURNALCTL: journalctl does not bring the journal: broken;/m);
    expect(stderr).toMatch(/^ptrap: journalctl ended \(broken\); reading on/);
  });
});

it('lo was never up', async () => {
  const { code, stderr } = await refusal(NONE, { prepare: 'exec unshare --net "$@"' });
  expect(code).toBe(3);
  expect(stderr).toMatch(/^PTRAP_E_LOOPBACK_DOWN: .*; ip link set lo up /);
});

it('a firewall drops what goes over lo', async () => {
  await stage.namespace.must(
    'nft "add table ip user; add chain ip user out { type filter hook output priority raw; }; add rule ip user out oif lo drop"',
  );
  const { code, stderr } = await stage.ptrap(['watch', TARGET, '--no-config', QUIET, ...NONE]).end();
  await stage.namespace.must('nft delete table ip user');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^PTRAP_E_PROBE_NOT_LOGGED: .*no firewall of yours drops 127\.0\.0\.0\/8\n$/);
});

it('a name that cannot be looked up', async () => {
  const { code, stderr } = await stage
    .ptrap(['watch', 'no-such-host.invalid:53/udp', '--no-config', ...NONE])
    .end();
  expect(code).toBe(1);
  expect(stderr).toMatch(/^PTRAP_E_TARGET_NAME: cannot look up "no-such-host\.invalid"/);
});
