import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../src/doctor/render.js';
import { judge, report, type Report } from '../../src/doctor/report.js';
import { but, poor, rich } from './facts.js';

const statusOf = ({ checks }: Report, name: string) => checks.find(check => check.name === name);

describe('the verdict', () => {
  it('fits its schema', () => {
    for (const facts of [poor, rich]) expect(() => report.parse(judge(facts))).not.toThrow();
  });

  it('of a machine that has everything: no gap, each source measured, the quickest that netem holds for is best', () => {
    const judged = judge(rich);
    expect(judged.checks.filter(({ status }) => status !== 'ok')).toEqual([]);
    for (const { latencyMs } of judged.checks.filter(({ group }) => ['Sources', 'Holds'].includes(group)))
      expect(latencyMs).toBeGreaterThan(0);
    expect(judged.best?.command).toMatch(/^ptrap watch 192\.168\.1\.1:53\/udp( --source nflog)?$/);
    expect(judged.best?.why).toMatch(/netem holds it for \d+ ms$/);
    expect(judged.alternatives.at(-1)?.command).toBe('ptrap watch 192.168.1.1:53/udp --source queue');
  });

  it('of one without netem and queue: what that costs, and the way out once', () => {
    const judged = judge(poor);
    expect(statusOf(judged, 'netem')).toMatchObject({
      status: 'gap',
      found: 'no: Specified qdisc kind is unknown.',
      costs: 'no packet is held, unless by source queue: who sends and ends within some 10 ms may be missed',
      cure: expect.stringContaining('/lib/modules/6.18') as string,
    });
    for (const hook of ['egress', 'clsact', 'root'])
      expect(statusOf(judged, `netem, ${hook}`)).toEqual({
        group: 'Holds',
        name: `netem, ${hook}`,
        status: 'gap',
        found: 'needs netem',
      });
    expect(statusOf(judged, 'queue')).toMatchObject({ status: 'gap', found: 'needs nft queue' });
    expect(judged.best).toMatchObject({
      command: 'ptrap watch 192.168.1.1:53/udp',
      why: expect.stringContaining('nothing is held') as string,
    });
  });

  it('where only the queue holds packets, it is best', () => {
    const { best } = judge(
      but(poor, ({ outcomes }) => {
        outcomes['source queue'] = { result: 'works', latencyMs: 0.7 };
      }),
    );
    expect(best?.command).toContain('--source queue');
  });

  it('where only root takes packets to netem, the command line says so', () => {
    const { best } = judge(
      but(rich, ({ outcomes }) => {
        outcomes['hold egress'] = outcomes['hold clsact'] = { result: 'fails', message: 'no such thing' };
      }),
    );
    expect(best?.command).toContain('--hold-strategy root');
  });

  it('nothing can work: without nft, without tables that have an owner, without any source', () => {
    const none = { result: 'fails', message: 'no such thing' } as const;
    for (const facts of [
      but(rich, ({ tools }) => void (tools.nft = null)),
      but(rich, ({ outcomes }) => void (outcomes.owner = none)),
      but(rich, ({ outcomes }) => {
        for (const name of ['journal', 'nflog', 'queue', 'bpf'] as const) outcomes[`source ${name}`] = none;
      }),
    ])
      expect(judge(facts).best).toBeNull();
    expect(statusOf(judge(but(rich, ({ tools }) => void (tools.nft = null))), 'nft')).toMatchObject({
      status: 'blocker',
      cure: 'apt install nftables',
    });
  });

  it('names packages as the machine’s package manager does', () => {
    const fedora = but(rich, facts => {
      facts.machine.manager = 'dnf';
      facts.machine.distributionId = 'fedora';
      facts.tools.tc = null;
      facts.outcomes.netem = { result: 'fails', message: 'unknown' };
    });
    expect(statusOf(judge(fedora), 'tc')?.cure).toBe('dnf install iproute-tc');
    expect(statusOf(judge(fedora), 'netem')?.cure).toBe('dnf install kernel-modules-extra-$(uname -r)');
    const ubuntu = but(fedora, facts => {
      facts.machine.manager = 'apt-get';
      facts.machine.distributionId = 'ubuntu';
    });
    expect(statusOf(judge(ubuntu), 'netem')?.cure).toBe('apt install linux-modules-extra-$(uname -r)');
  });

  it('without root: what could not be tried is unknown, and the sudo trap is seen', () => {
    const user = but(rich, facts => {
      facts.privileges = {
        uid: 1000,
        bySudo: false,
        missing: ['CAP_NET_ADMIN'],
        node: { path: '/home/a/.nvm/versions/node/v22.1.0/bin/node', version: '22.1.0', needed: '20.19.0' },
        sudoNode: { path: '/usr/bin/node', version: '18.19.0' },
      };
      for (const trial of Object.keys(facts.outcomes) as (keyof typeof facts.outcomes)[])
        facts.outcomes[trial] = { result: 'untried', why: 'only root may' };
    });
    const judged = judge(user);
    expect(statusOf(judged, 'root')).toMatchObject({ status: 'gap', cure: 'sudo ptrap doctor' });
    expect(statusOf(judged, 'node')).toMatchObject({
      status: 'gap',
      found: expect.stringContaining('sudo finds another, 18.19.0 (/usr/bin/node)') as string,
    });
    expect(judged.checks.filter(({ group }) => group === 'Sources').map(({ status }) => status)).toEqual([
      'unknown',
      'unknown',
      'unknown',
      'unknown',
    ]);
    expect(judged.best?.command).toBe('sudo env "PATH=$PATH" ptrap watch 192.168.1.1:53/udp');
  });

  it('root of a container without capabilities', () => {
    const judged = judge(but(rich, ({ privileges }) => void (privileges.missing = ['CAP_NET_ADMIN'])));
    expect(statusOf(judged, 'root')?.status).toBe('blocker');
    expect(judged.best).toBeNull();
  });

  it('a journalctl that no nudge wakes, and a journald that keeps no debug lines', () => {
    const judged = judge(
      but(rich, ({ outcomes, journald }) => {
        outcomes['source journal'] = { result: 'works', latencyMs: 243 };
        journald.maxLevelStore = 'info';
      }),
    );
    expect(statusOf(judged, 'nudge')).toMatchObject({
      status: 'gap',
      costs: 'with source journal packets are held for 760 ms',
    });
    expect(statusOf(judged, 'limits')).toMatchObject({ status: 'gap', found: 'MaxLevelStore=info' });
  });
});

describe('the text', () => {
  const style = { colour: false, columns: 80 };

  it('fits the terminal', () => {
    for (const facts of [poor, rich])
      for (const line of renderReport(judge(facts), style)) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('tells costs and cure below each gap, and ends with the command line', () => {
    const lines = renderReport(judge(poor), style);
    const at = lines.findIndex(line => line.startsWith('  ! netem '));
    expect(lines.slice(at, at + 3).join('\n')).toMatch(
      /^ {2}! netem .*unknown\.\n {4}costs {2}no packet .*\n/,
    );
    const [heading, command, why] = lines.slice(-4);
    expect(heading).toBe('Best on this machine');
    expect(command).toBe('  ptrap watch 192.168.1.1:53/udp');
    expect(why).toMatch(/^ {6}nflog tells of a packet within/);
  });

  it('is the same with colours, but for them', () => {
    const plain = renderReport(judge(poor), style);
    const painted = renderReport(judge(poor), { ...style, colour: true });
    expect(painted).not.toEqual(plain);
    expect(painted.map(line => stripVTControlCharacters(line))).toEqual(plain);
  });

  it('says what blocks', () => {
    const lines = renderReport(judge(but(rich, ({ tools }) => void (tools.nft = null))), style);
    expect(lines.at(-1)).toBe('Nothing can be watched here: nft (see the cures above)');
  });

  it('lets no tool’s answer paint on the terminal', () => {
    const lines = renderReport(
      judge(but(poor, ({ outcomes }) => void (outcomes.ifb = { result: 'fails', message: '\u001b[2J' }))),
      style,
    );
    expect(lines.join('\n')).toContain('no: \\x1b[2J');
  });
});
