import { readFileSync } from 'node:fs';
import { describe } from 'vitest';
import { notification } from '../../plugins/notify-send/notification.js';
import { failure, PtrapError } from '../../src/errors.js';
import type { ProcessInfo, Sighting } from '../../src/events.js';
import { parseJournalLine } from '../../src/match/journal-entry.js';
import { isoTime } from '../../src/sys/clock.js';
import { parseLogLine } from '../../src/match/kernel-log.js';
import { jsonLine } from '../../src/report/json.js';
import { prettyEvent } from '../../src/report/pretty.js';
import { parseCgroup, placeOf } from '../../src/sys/cgroup.js';
import { isContainer, parseNetnsName } from '../../src/netns/name.js';
import { parsePasswd } from '../../src/resolve/passwd.js';
import { parseArgv, parseStatus } from '../../src/resolve/process.js';
import { objectOf, objectText, type TrafficObject } from '../../src/netlink/traffic-control.js';
import { parseSocketTable } from '../../src/resolve/proc-net.js';
import { parseStat } from '../../src/sys/stat.js';
import { nearest } from '../../src/sys/nearest.js';
import { harmless, visible } from '../../src/sys/text.js';
import { parseAccounts } from '../../src/sys/user.js';
import { parseTarget } from '../../src/target/parse.js';
import { parseRecord } from '../../src/teardown/parse-record.js';
import { dig, sightingOf } from '../fixtures/report/events.js';
import { fuzz, isUint, must } from './fuzz.js';
import { hostileText } from './generator.js';

const fixture = (path: string): string =>
  readFileSync(new URL(`../fixtures/${path}`, import.meta.url), 'utf8');
const linesOf = (path: string): string[] => fixture(path).trim().split('\n');

const journal = [...linesOf('match/journal-6.18.ndjson'), ...linesOf('match/journal-6.1.ndjson')];
const messages = journal.flatMap(line => (JSON.parse(line) as { MESSAGE: string }).MESSAGE);
/** What would do something to a terminal, or hide text on it. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe('the journal', () => {
  fuzz(
    'parseJournalLine',
    () => hostileText(journal),
    line => {
      const entry = parseJournalLine(line);
      if (!entry) return false;
      const at = isoTime(String(entry.received));
      must(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(at), `at ${at}`);
      must(Number.isFinite(entry.said) && Number.isFinite(entry.receivedMonotonic), 'no times');
      must(typeof entry.message === 'string' && typeof entry.cursor === 'string', 'no text');
      const fields = JSON.parse(line) as Record<string, unknown>;
      must(fields['_TRANSPORT'] === 'kernel' && fields['SYSLOG_FACILITY'] === '0', "not the kernel's");
      return true;
    },
  );

  fuzz(
    'parseLogLine',
    () => hostileText(messages),
    message => {
      const line = parseLogLine(message, 'k3v9qa') ?? parseLogLine(message, 'recrd1');
      if (!line) return false;
      const { flow } = line;
      for (const { address, port } of [flow.src, flow.dst]) {
        must(/^[0-9a-f.:]+(%.*)?$/.test(address), `address ${address}`);
        must(port === undefined || isUint(port, 34), `port ${port}`);
      }
      must(/^[a-z0-9]+$/.test(flow.protocol), `protocol ${flow.protocol}`);
      must(
        [flow.uid, flow.gid].every(id => id === null || isUint(id, 34)),
        'no id',
      );
      return true;
    },
  );
});

describe('/proc', () => {
  const stats = ['self', '1', '2'].map(pid => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  fuzz(
    'parseStat',
    () => hostileText([...stats, ...stats.map(stat => stat.replace(/\(.*\)/, '(a) S 0 (b) R 9 )'))]),
    text => {
      const stat = parseStat(text);
      if (!stat) return false;
      must(Number.isInteger(stat.ppid) && Number.isInteger(stat.startTime), 'no number');
      must(text.includes(`(${stat.comm})`), 'another comm');
      return true;
    },
  );

  fuzz(
    'parseStatus, by a hostile comm',
    () =>
      hostileText(['\rUid:\t0\t0\t0\t0', '\u2028Uid: 0 0 0 0', '\nUid:\t0\t0\t0\t0\n', 'bash', 'State:\tZ']),
    text => {
      // the kernel escapes these two, and no more (fs/proc/array.c, proc_task_name)
      const name = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
      const status = parseStatus(
        `Name:\t${name}\nState:\tS (sleeping)\nUid:\t1\t2\t3\t4\nThreads:\t5\nx:\t0\n`,
      );
      must(status?.uids.join() === '1,2,3,4', `uids ${status?.uids.join()}`);
      must(status.threads === 5 && !status.isZombie, 'threads or state');
      return true;
    },
  );

  fuzz(
    'parseSocketTable',
    () => hostileText(['icmp', 'icmp6', 'raw', 'raw6'].map(table => fixture(`resolve/${table}.txt`))),
    text => {
      const sockets = parseSocketTable(text);
      for (const { local, remote, inode, uid, state } of sockets) {
        must(
          [local, remote].every(({ port }) => isUint(port, 16)),
          'a port out of range',
        );
        must(
          [local, remote].every(({ address }) => /^[0-9a-f.:]+$/.test(address)),
          'no address',
        );
        must(
          [inode, uid, state].every(number => number >= 0),
          `${inode} ${uid} ${state}`,
        );
      }
      return sockets.length > 0;
    },
  );

  const id = 'f'.repeat(64);
  const cgroups = [
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n',
    `0::/system.slice/docker-${id}.scope\n`,
    `12:cpu:/x\n1:name=systemd:/system.slice/cron.service\n0::/\n`,
    `0::/kubepods.slice/cri-containerd-${id}.scope/conmon\n`,
    '0::/lxc.payload.web/init.scope\n',
    '0::/machine.slice/systemd-nspawn@web.service/payload\n',
  ];
  fuzz(
    'parseCgroup, placeOf',
    () => hostileText(cgroups),
    text => {
      const path = parseCgroup(text);
      const whole = /^0::(\/[^\n]+)\n$/.exec(text)?.[1];
      if (whole !== undefined) must(path === whole, `a cgroup that hides: ${path}`);
      if (path === null) return false;
      must(path.startsWith('/') && !path.includes('\n') && text.includes(path), `path ${path}`);
      const { unit, container } = placeOf(path);
      must(unit === null || (path.includes(unit) && !unit.includes('/')), `unit ${unit}`);
      must(container === null || path.includes(container) || path.includes('\\x'), `container ${container}`);
      return unit !== null || container !== null;
    },
  );

  fuzz(
    'parseArgv',
    () =>
      hostileText([
        '\0'.repeat(4000) + 'x',
        'dig\0example.org\0',
        'nginx: worker process\0\0\0\0',
        'sh\0-c\0\u001b[2J\0\0x\0',
      ]),
    text => {
      const argv = parseArgv(text);
      must(!argv.some(argument => argument.includes('\0')), 'a NUL');
      const joined = argv.join('\0');
      must(text.startsWith(joined) && /^\0*$/.test(text.slice(joined.length)), 'something else');
      return argv.length > 0;
    },
  );

  fuzz(
    'parsePasswd',
    () => hostileText(['root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/sh\n']),
    text => {
      const names = parsePasswd(text);
      for (const [uid, name] of names) must(uid >= 0 && name !== '' && !/[:\n]/.test(name), `${uid} ${name}`);
      return names.size > 0;
    },
  );
});

describe('accounts', () => {
  fuzz(
    'parseAccounts',
    () =>
      hostileText([
        'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n',
      ]),
    text => {
      const accounts = parseAccounts(text);
      for (const { name, uid, gid, home, shell } of accounts) {
        must(uid >= 0 && gid >= 0, 'an id below 0');
        must(
          [name, home, shell].every(word => word !== '' && !/[:\n]/.test(word)),
          'a field that is none',
        );
      }
      return accounts.length > 0;
    },
  );
});

describe('targets', () => {
  const targets = ['192.168.1.1:53/udp', '[2001:db8::1]:443/tcp', '10.0.0.0/8', 'example.org:443', ':53/udp'];
  fuzz(
    'parseTarget',
    () =>
      hostileText([...targets, '9.9.9.9/icmp', '[::/0]:1-2/any', '10.0.0.1/32/253', '*', '$(id)', '`id`:53']),
    text => {
      try {
        const target = parseTarget(text);
        must(/^[0-9a-z_.:[\]/,*-]*$/.test(target.text), `text ${target.text}`);
        must(parseTarget(target.text).text === target.text, `reads ${target.text} as another`);
        return true;
      } catch (error) {
        if (!(error instanceof PtrapError) || error.code !== 'PTRAP_E_TARGET') throw error;
        must(!UNSAFE.test(error.message), 'an unsafe message');
        return false;
      }
    },
  );
});

describe('--netns', () => {
  const id = 'f'.repeat(64);
  const names = ['web-1', 'box', '-f', '--format=x', '123', id, id.slice(0, 12), '../run', '/run/netns/a'];
  fuzz(
    'parseNetnsName, and what is said of it',
    () => hostileText([...names, '/proc/1/ns/net', '$(id)', '\u001b[2J', 'a\0b', '1\n']),
    text => {
      const message = failure('PTRAP_E_NETNS', text, nearest(text, ['web-1', 'box'])).message;
      must(!UNSAFE.test(message), `says ${JSON.stringify(message)}`);
      const read = parseNetnsName(text);
      if (read === undefined) {
        must(text === '' || text.startsWith('-') || text.includes('\0'), 'refused');
        return false;
      }
      must(!text.startsWith('-') && !text.includes('\0'), 'an option for an engine, or a cut argument');
      if ('name' in read) must(read.name === text && !text.includes('/') && !/^\d+$/.test(text), read.name);
      else must(read.path === text || /^\/proc\/\d+\/ns\/net$/.test(read.path), read.path);
      return true;
    },
  );

  fuzz(
    'isContainer, by hostile names of containers',
    () => hostileText(names),
    text => {
      const lxc = placeOf(`/lxc.payload.${text}`).container;
      for (const container of [lxc, text, id])
        for (const name of [text, 'web-1', id]) {
          if (!isContainer(container, name)) continue;
          const isBeginning = /^[0-9a-f]{12,}$/.test(name) && container!.startsWith(name);
          must(container === name || isBeginning, `takes ${container} for ${name}`);
        }
      return isContainer(id, text) || isContainer('web-1', text);
    },
  );
});

const qdisc = {
  ...{ type: 'qdisc', handle: 0x80010000, parent: 0xffffffff, info: 0, kind: 'fq', estimated: false },
  attributes: [
    [1, Buffer.from('fq\0')],
    [2, Buffer.alloc(80, 7)],
  ],
} satisfies TrafficObject;

describe('records', () => {
  const record = JSON.stringify({
    ...{
      version: 1,
      instance: 'abc123',
      bootId: 'b8d3f1de-1111-4222-8333-444455556666',
      pid: 4242,
      startTime: 99,
      netns: 4026531840,
      targets: ['x'.repeat(900)],
    },
    effects: [
      { kind: 'table', family: 'inet', name: 'ptrap_abc123' },
      { kind: 'link', name: 'ptrapabc123', alias: 'ptrap pid=4242 start=99' },
      { kind: 'clsact', device: 'eth0', made: true, cookie: Buffer.from('ptrapabc123').toString('hex') },
      {
        kind: 'root',
        device: 'eth0',
        snapshot: [objectText(qdisc), objectText({ ...qdisc, type: 'class' })],
      },
      { kind: 'held', link: 'ptrapabc123', cookie: Buffer.from('ptrapabc123').toString('hex') },
      { kind: 'file', path: '/run/log/journal/ptrap-abc123.nudge' },
    ],
  });
  const ours = new Set(['ptrap_abc123', 'ptrapabc123', 'ptrap pid=4242 start=99', '/etc/passwd']);
  fuzz(
    'parseRecord',
    () => hostileText([record, record, record, ...ours, '"effects":[]', '"pid":1', '"version":2']),
    text => {
      const read = parseRecord(text, 'abc123');
      if (!read) return false;
      must(read.instance === 'abc123' && read.version === 1 && read.pid > 0, 'of another');
      for (const effect of read.effects) {
        if (effect.kind === 'link') must(effect.name === 'ptrapabc123', effect.name);
        if (effect.kind === 'held') must(effect.link === 'ptrapabc123', effect.link);
        if (effect.kind === 'clsact') must(/^[^\s/:]{1,15}$/.test(effect.device), effect.device);
        if (effect.kind === 'root') effect.snapshot.map(objectOf);
        if (effect.kind === 'file')
          must(/^\/(run|var)\/log\/journal\/ptrap-abc123\.nudge$/.test(effect.path), effect.path);
      }
      return true;
    },
  );
});

describe('what is shown', () => {
  const samples = [
    'dig',
    '/usr/bin/dig',
    'dig example.org',
    'a\u001b[31mb',
    '--flag="$(id)"',
    '<b>&amp;',
    '日本語',
  ];

  fuzz(
    'visible, harmless',
    () => hostileText(samples),
    text => {
      const shown = visible(text);
      must(!UNSAFE.test(shown), `shows ${JSON.stringify(shown)}`);
      must(visible(shown) === shown, 'not the same when done twice');
      must(
        !harmless(text)
          .split(/[\t\n]/)
          .some(line => UNSAFE.test(line)),
        'unsafe line by line',
      );
      if (!UNSAFE.test(text)) must(shown === text, 'changes harmless text');
      return shown !== text;
    },
  );

  /** Everything that a process, a packet or the machine may put into a sighting. */
  function sightingWith(text: string): Sighting {
    const who: ProcessInfo = {
      ...dig,
      ...{
        comm: text.slice(0, 15),
        exe: text,
        cwd: text,
        argv: [text, 'x'],
        user: text,
        unit: text,
        cgroup: text,
      },
      container: text.length % 2 === 0 ? text : null,
      ancestors: [{ pid: 1, comm: text, argv: [text] }],
    };
    const sighting = sightingOf(1, who);
    return { ...sighting, flow: { ...sighting.flow, oif: text }, notes: { [text]: { text }, dns: { text } } };
  }

  fuzz(
    'prettyEvent, jsonLine, notification',
    () => hostileText(samples),
    text => {
      const sighting = sightingWith(text);
      const lines = prettyEvent(sighting, { colour: false, columns: 80 + (text.length % 40) });
      must(!lines.some(line => UNSAFE.test(line)), `prints ${JSON.stringify(lines)}`);
      const json = jsonLine(sighting);
      must(json.endsWith('\n') && !UNSAFE.test(json.slice(0, -1)), 'JSON that is unsafe');
      must(JSON.stringify(JSON.parse(json)) === JSON.stringify(sighting), 'JSON that says something else');
      const { summary, body } = notification(sighting, 1);
      must(![summary, ...body.split('\n')].some(line => UNSAFE.test(line)), 'a notification that is unsafe');
      must(!/[<>\\]|&(?!amp;|lt;|gt;|#92;)/.test(body), `markup in ${body}`);
      return true;
    },
  );
});
