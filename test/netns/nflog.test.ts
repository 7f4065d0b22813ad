import { describe, expect, it } from 'vitest';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

const stage = useStage();

const TARGET = '10.77.0.2:53/udp';
const NFLOG = ['--source', 'nflog', '--hold', 'none'];

/** What is in the kernel's log of ptrap's rules. */
const logLines = (instance: string): Promise<string> =>
  stage.namespace.must(`dmesg | grep -c 'ptrap-${instance}-' || true`);

describe('--source nflog', () => {
  it('names who sends, also over IPv6 and tcp, and writes no line into the log', async () => {
    const watch = await stage.watch([...NFLOG, TARGET, '[fd77::2]:53/udp', '10.77.0.2:8080/tcp']);
    expect(watch.ready).toMatchObject({ source: 'nflog', hold: { strategy: 'none' } });
    const sender = stage.shell();
    for (const to of ['udp/10.77.0.2/53', 'udp/fd77::2/53', 'tcp/10.77.0.2/8080']) {
      await sender.do(`exec 3<>/dev/${to}; echo x >&3`);
      const [, protocol, address] = /^(\w+)\/([^/]+)/.exec(to)!;
      const found = await watch.sighting(
        ({ flow }) => flow.protocol === protocol && flow.dst.address === address,
      );
      expect(pidsOf(found)).toEqual([sender.pid]);
      expect(found.flow).toMatchObject({ oif: 'wan', uid: 0, gid: 0 });
      expect(found.flow.tcpFlags).toEqual(protocol === 'tcp' ? ['SYN'] : undefined);
    }
    const { summary } = await watch.end('SIGINT');
    expect(summary).toMatchObject({ unresolved: 0, lost: 0 });
    expect(await logLines(watch.ready.instance)).toBe('0\n');
  });

  it('counts what came while it could not read, to the last packet, and says so', async () => {
    const watch = await stage.watch([...NFLOG, '--limit-per', 'none', TARGET]);
    watch.kill('SIGSTOP');
    const sent = 30_000;
    await stage.namespace.must(`${process.execPath} test/senders/udp-flood.mjs 10.77.0.2 53 ${sent}`);
    watch.kill('SIGCONT');
    const { summary, stderr } = await watch.end('SIGINT');
    const { matches, resolved, unresolved, suppressed, lost } = summary!;
    expect(matches).toBe(sent);
    expect(resolved + unresolved + suppressed + lost).toBe(sent);
    expect(lost).toBeGreaterThan(0);
    expect(stderr).toContain('those missed are counted as lost');
  });

  it('leaves no process and no rule when it is killed', async () => {
    const watch = await stage.watch([...NFLOG, TARGET]);
    const children = (await stage.namespace.must(`pgrep -P ${watch.pid}`)).trim().split('\n');
    expect(children.length).toBeGreaterThan(1);
    await watch.end('SIGKILL');
    const living = `for pid in ${children.join(' ')}; do [ ! -e /proc/$pid/exe ] || echo $pid; done; nft list ruleset`;
    await expect.poll(() => stage.namespace.must(living), { timeout: 10_000 }).toBe('');
    await stage.ptrap(['cleanup']).end();
  });
});

describe('--source auto', () => {
  it('takes nflog where no journald runs', async () => {
    await stage.namespace.stopJournald('SIGTERM');
    const watch = await stage.watch(['--hold', 'none', TARGET]);
    await stage.namespace.startJournald();
    expect(watch.ready.source).toBe('nflog');
    await stage.namespace.must('bash test/senders/udp-wait.sh 10.77.0.2 53');
    await watch.sighting(({ id }) => id.endsWith('-1'));
  });

  it('takes nflog where the kernel does not log packets of the namespace, and says why', async () => {
    await stage.namespace.kernelLog.allow(false);
    const watch = await stage.watch(['--hold', 'none', TARGET]);
    await stage.namespace.kernelLog.allow(true);
    expect(watch.ready.source).toBe('nflog');
    expect(watch.stderr()).toMatch(/reading by nflog instead of journal \(PTRAP_E_NETNS_LOG: /);
    await stage.shell().do('exec 3<>/dev/udp/10.77.0.2/53; echo x >&3');
    await watch.sighting(({ id }) => id.endsWith('-1'));
    expect((await watch.end('SIGINT')).summary).toMatchObject({ matches: 1, resolved: 1, lost: 0 });
  });
});
