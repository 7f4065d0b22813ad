import { once } from 'node:events';
import { beforeAll, describe, expect, it } from 'vitest';
import { useStage } from './stage.js';
import { pidsOf } from './watch.js';

const stage = useStage();

/** Servers that say nothing, at addresses of their own, so that who asks them waits. */
const SILENT = `
  ip addr add 10.77.0.3/24 dev far
  ip addr add fd77::3/64 dev far nodad
  exec ${process.execPath} -e '
    const dgram = require("dgram");
    const listen = (type, address, then) => dgram.createSocket(type).bind(53, address, then);
    const tell = () => console.log("listening");
    const tcp = () => require("net").createServer(() => {}).listen(8443, "::", tell);
    listen("udp4", "10.77.0.3", () => listen("udp6", "fd77::3", tcp));'`;

beforeAll(async () => {
  const server = stage.namespace.spawn('sh', ['-ec', SILENT], { far: true });
  await once(server.stdout!, 'data');
});

/** A node that runs this until it is killed. */
function send(script: string) {
  const child = stage.namespace.spawn(process.execPath, ['-e', script]);
  return { pid: child.pid!, end: () => child.kill('SIGKILL') };
}

/** Node's own resolver, c-ares. */
const ask = (server: string, name: string, type: string): string => `
  const resolver = new (require('dns').promises.Resolver)({ timeout: 60_000, tries: 1 });
  resolver.setServers(['${server}']);
  resolver.resolve('${name}', '${type}');`;

const greet = (host: string, options: object): string => `
  require('tls').connect(${JSON.stringify({ host, port: 8443, ...options })});`;

const PLUGINS = ['--plugin', 'dns', '--plugin', 'tls-sni', '--hold', 'none'];
const TARGETS = ['10.77.0.3', '[fd77::3]'].flatMap(host => [`${host}:53/udp`, `${host}:8443/tcp`]);
const NFLOG = [...TARGETS, ...PLUGINS, '--source', 'nflog', '--limit-per', 'none'];

describe('what a packet carries, by nflog', () => {
  it.each([
    ['10.77.0.3', 'www.example.org', 'AAAA'],
    ['[fd77::3]', '_imaps._tcp.example.org', 'SRV'],
  ])('is a DNS query to %s', async (server, name, type) => {
    const watch = await stage.watch(NFLOG);
    const sender = send(ask(server, name, type));
    const { notes } = await watch.sighting(found => pidsOf(found).includes(sender.pid));
    expect(notes).toEqual({ dns: { questions: [{ name, type }], text: `${name} ${type}` } });
    sender.end();
  });

  it.each(['10.77.0.3', 'fd77::3'])('is a ClientHello to %s', async host => {
    const watch = await stage.watch(NFLOG);
    const sender = send(greet(host, { servername: 'api.example.org', ALPNProtocols: ['h2'] }));
    const hello = await watch.sighting(({ notes }) => 'tls-sni' in notes);
    expect(hello.notes).toEqual({
      'tls-sni': { serverName: 'api.example.org', alpn: ['h2'], text: 'api.example.org' },
    });
    expect(hello.flow.tcpFlags).toContain('PSH');
    expect(pidsOf(hello)).toEqual([sender.pid]);
    const others = watch.sightings.filter(({ id }) => id !== hello.id);
    expect(others.map(({ flow }) => flow.tcpFlags)).toContainEqual(['SYN']);
    expect(others.every(({ notes }) => Object.keys(notes).length === 0)).toBe(true);
    sender.end();
  });

  it('may be anything: it is shown escaped, and harms no plugin', async () => {
    const args = ['watch', '--no-config', ...NFLOG, '--output', 'pretty'];
    const ptrap = stage.ptrap(args);
    await ptrap.until('stderr', /watching/);
    const sender = stage.shell();
    const header = String.raw`\x0\x7\x1\x0\x0\x1\x0\x0\x0\x0\x0\x0`;
    const evil = String.raw`\x9\x1b[31mevil\x0\x0\x1\x0\x1`;
    const loop = String.raw`\xc0\xc\x0\x1\x0\x1`;
    await sender.do('exec 3<>/dev/udp/10.77.0.3/53');
    for (const payload of ['x', header, header + loop, header + evil]) {
      await sender.do(`printf '${payload}' >&3`);
    }
    await ptrap.until('stdout', /^ {2}dns: /m);
    const { stdout, stderr } = await ptrap.end('SIGINT');
    expect(stdout.match(/^ {2}dns: .*$/gm)).toEqual([String.raw`  dns: \x1b[31mevil A`]);
    expect(stdout).not.toContain('\u001b');
    expect(stderr).not.toContain('plugin');
    expect(stderr).toContain('4 matches: 4 resolved');
  });
});

describe('the journal', () => {
  it('shows nothing of it, and the plugins say so once', async () => {
    const watch = await stage.watch([...TARGETS, ...PLUGINS, '--source', 'journal']);
    const sender = stage.shell();
    await sender.do('exec 3<>/dev/udp/10.77.0.3/53 4<>/dev/tcp/10.77.0.3/8443');
    for (let times = 0; times < 2; times += 1) await sender.do('echo x >&3; echo x >&4');
    await watch.until('stderr', /tls-sni: this source does not show what packets carry/);
    const { stderr } = await watch.end('SIGINT');
    expect(watch.sightings.every(({ notes }) => Object.keys(notes).length === 0)).toBe(true);
    const told = stderr.match(/this source does not show what packets carry: use --source nflog or queue/g);
    expect(told).toHaveLength(2);
  });
});
