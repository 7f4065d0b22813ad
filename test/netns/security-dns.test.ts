import { once } from 'node:events';
import { beforeAll, describe, expect, it } from 'vitest';
import { useStage } from './stage.js';

const stage = useStage();

/** In a mount namespace of its own: only the hostile server is asked, and /etc/hosts knows a name with many addresses. */
const RESOLVER = `
  mount -t tmpfs -o mode=755 ptrap-test /mnt
  echo 'nameserver 127.0.0.1' >/mnt/resolv.conf
  echo 'options timeout:1 attempts:1' >>/mnt/resolv.conf
  for b in 0 1 2 3 4 5 6 7; do for c in $(seq 250); do echo "10.78.$b.$c many.test"; done; done >/mnt/hosts
  for c in $(seq 1000); do echo "fd78::$c many.test"; done >>/mnt/hosts
  echo '10.77.0.2 many.test' >>/mnt/hosts
  mount --bind /mnt/resolv.conf /etc/resolv.conf
  mount --bind /mnt/hosts /etc/hosts
`;

/** What the functions that ask DNS give, in a process of its own: the resolver is the system's. */
const ASK = `
  import { lookupName } from './build/src/target/lookup.js';
  import { timeToLive } from './build/src/target/time-to-live.js';
  const said = {};
  for (const ttl of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) said[ttl] = await timeToLive('ttl-' + ttl + '.test');
  const codes = new Set();
  let [found, odd] = [0, 0];
  // at the same time: what the resolver of the system takes for no answer it waits a second for
  await Promise.all(Array.from({ length: 300 }, async (_, n) => {
    const [ttl, networks] = await Promise.all([
      timeToLive('lies-' + n + '.test'),
      lookupName('lies-' + n + '.test').catch(error => { codes.add(error.code); return []; }),
    ]);
    if (networks.length > 0) found += 1;
    if (ttl !== undefined && !Number.isSafeInteger(ttl)) odd += 1;
    for (const { family, address, prefix } of networks)
      if (!/^[0-9a-f.:]+$/.test(address) || prefix !== (family === 'ipv4' ? 32 : 128)) odd += 1;
  }));
  console.log(JSON.stringify({ said, codes: [...codes], found, odd }));
`;

describe('a name server that lies', () => {
  beforeAll(async () => {
    const server = stage.namespace.spawn(process.execPath, ['test/senders/hostile-dns.mjs', '127.0.0.1']);
    await once(server.stdout!, 'data');
  });

  it('gives addresses or none, whatever its answers are: cut, false counts, circles, any TTL', async () => {
    const script = `${RESOLVER}\nexec env UV_THREADPOOL_SIZE=50 node --input-type=module -e "$ASK"`;
    const { code, stdout, stderr } = await stage.namespace.run(
      `ASK=$(cat <<'END'\n${ASK}\nEND\n) unshare --mount sh -ec '${script.replaceAll("'", `'\\''`)}'`,
    );
    expect([code, stderr]).toEqual([0, '']);
    const { said, codes, found, odd } = JSON.parse(stdout) as {
      said: Record<string, number>;
      codes: string[];
      found: number;
      odd: number;
    };
    console.log(stdout);
    expect(said).toMatchObject({ 0: 0, 1: 1, [2 ** 31 - 1]: 2 ** 31 - 1 });
    expect(odd).toBe(0);
    expect(codes).toEqual(['PTRAP_E_TARGET_NAME']);
    expect(found).toBeGreaterThan(0);
  }, 120_000);
});

it('a name with three thousand addresses is watched at all of them', async () => {
  const watch = await stage.watch(['many.test:98/udp', '--source', 'nflog', '--hold', 'none'], {
    prepare: RESOLVER,
  });
  const shell = stage.shell();
  await shell.do('exec 3<>/dev/udp/10.77.0.2/98; echo >&3');
  const { flow } = await watch.sighting(() => true);
  expect(flow.dst).toEqual({ address: '10.77.0.2', port: 98 });
  const { instance } = watch.ready;
  const set = await stage.namespace.must(`nft -j list set inet ptrap_${instance} host_0_ipv6`);
  expect(set.match(/fd78::/g)).toHaveLength(1000);
  expect(await watch.end('SIGINT')).toMatchObject({ code: 0 });
});
