import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

/** A namespace as a container's: joined to ours by a veth. */
const BOX = `set -e
ip netns add box-1
ip link add box0 type veth peer name eth0 netns box-1
ip addr add 10.66.0.1/24 dev box0
ip link set box0 up
ip -n box-1 addr add 10.66.0.2/24 dev eth0
ip -n box-1 link set eth0 up
ip -n box-1 link set lo up
ip netns add down`;

const stage = useStage(BOX);

const INSIDE =
  'ip netns exec box-1 nft -j list ruleset; ip -n box-1 -j link; ip netns exec box-1 tc -j qdisc';
const send = 'exec 3<>/dev/udp/10.66.0.1/9; echo x >&3';
let before: string;

beforeAll(async () => {
  before = await stage.namespace.must(INSIDE);
});

const inBox = async () => {
  const shell = stage.shell({ file: 'bash' });
  const { stdout } = await stage.namespace.run(
    `ip netns exec box-1 bash -c '${send}; echo $$ > /run/sender; sleep 30' >/dev/null 2>&1 & sleep 0.3; cat /run/sender`,
  );
  await shell.end();
  return Number(stdout);
};

describe('--netns', () => {
  it('watches inside a namespace by name, and leaves nothing there on Ctrl-C', async () => {
    const watch = await stage.watch(['--netns', 'box-1', '--hold', 'none', '10.66.0.1:9/udp']);
    expect(watch.ready.source).toBe('nflog');
    expect(watch.ready.pid).not.toBe(watch.pid);
    const sender = await inBox();
    const sighting = await watch.sighting(() => true);
    expect(pidsOf(sighting)).toContain(sender);
    const { code, summary } = await watch.end('SIGINT');
    expect(code).toBe(0);
    expect(summary).toMatchObject({ reason: 'signal', unresolved: 0, lost: 0 });
    expect(await stage.namespace.must(INSIDE)).toBe(before);
  });

  it('takes a pid and a path', async () => {
    const pid = await inBox();
    for (const name of [String(pid), '/run/netns/box-1', `/proc/${pid}/ns/net`]) {
      const watch = await stage.watch(['--netns', name, '--hold', 'none', '--count', '1', '10.66.0.1:9/udp']);
      await inBox();
      expect((await watch.end()).summary).toMatchObject({ reason: 'count', resolved: 1 });
    }
  });

  it('ends inside, too, when the one outside is killed', async () => {
    const watch = await stage.watch(['--netns', 'box-1', '--hold', 'none', '10.66.0.1:9/udp']);
    await watch.end('SIGKILL');
    for (let left = 100; left > 0 && (await stage.namespace.must(INSIDE)) !== before; left -= 1)
      await sleep(50);
    expect(await stage.namespace.must(INSIDE)).toBe(before);
    await stage.namespace.must(`while kill -0 ${watch.ready.pid} 2>/dev/null; do sleep 0.05; done`);
  });

  it('says what is wrong where lo is down', async () => {
    const { code, stderr } = await stage
      .ptrap(['watch', '--netns', 'down', '--hold', 'none', '1.1.1.1'])
      .end();
    expect(code).toBe(3);
    expect(stderr).toMatch(/^PTRAP_E_LOOPBACK_DOWN: .*ip link set lo up/m);
  });

  it('says so where there is none', async () => {
    const { code, stderr } = await stage.ptrap(['watch', '--netns', 'box-2', '1.1.1.1']).end();
    expect(code).toBe(2);
    expect(stderr).toMatch(/^PTRAP_E_NETNS: no network namespace "box-2"; did you mean box-1\?\n$/);
  });

  it.each(['/etc/passwd', '/run/pipe', '/', '-f'])('opens nothing but a namespace: %j', async name => {
    await stage.namespace.must('[ -p /run/pipe ] || mkfifo /run/pipe');
    const { code, stderr } = await stage.ptrap(['watch', `--netns=${name}`, '1.1.1.1']).end();
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^PTRAP_E_NETNS: no network namespace "/)]);
  });
});

describe('watch() of the API, which runs in its own process', () => {
  const program = (netns: string): string =>
    `const { watch } = await import('./dist/src/index.js');
    const config = { targets: ['10.66.0.1:9/udp'], netns: '${netns}', source: 'nflog', hold: 'none', for: 1 };
    await watch(config, { onEvent: ({ type }) => console.log(type) }).catch(error => console.log(error.message));`;
  const run = (netns: string, inside = '') =>
    stage.namespace.must(`${inside} node --input-type=module -e "${program(netns)}"`);

  it('refuses another namespace, and watches its own by any name', async () => {
    expect(await run('box-1')).toMatch(
      /^PTRAP_E_NETNS_ENTRY: .* namespace "box-1"; .*nsenter --net=\/run\/netns\/box-1 /,
    );
    expect(await run('box-1', 'ip netns exec box-1')).toBe('ready\nsummary\n');
    expect(await stage.namespace.must(INSIDE)).toBe(before);
  });
});
