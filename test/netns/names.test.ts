import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { useStage } from './stage.js';

const stage = useStage();

/** For this ptrap only: the test's own server is the only one that knows any name. */
const RESOLVER = `
  mount -t tmpfs -o mode=755 ptrap-test /mnt
  echo 'nameserver 127.0.0.1' >/mnt/resolv.conf
  echo 'options timeout:1 attempts:1' >>/mnt/resolv.conf
  echo '127.0.0.1 localhost' >/mnt/hosts
  mount --bind /mnt/resolv.conf /etc/resolv.conf
  mount --bind /mnt/hosts /etc/hosts
`;

let server: ChildProcess;
beforeAll(async () => {
  server = stage.namespace.spawn(process.execPath, ['test/senders/dns-server.mjs', '127.0.0.1']);
  await once(server.stdout!, 'data');
});

/** What the name's addresses are from now on. */
async function answer(addresses: string): Promise<void> {
  server.stdin!.write(`${addresses}\n`);
  await once(server.stdout!, 'data');
}

const setOf = (instance: string, family: string): Promise<string> =>
  stage.namespace.must(`nft list set inet ptrap_${instance} host_0_${family}`);

describe('a host name whose addresses change', () => {
  it('is watched at its new address, too, and at its old one; what cannot be looked up is told, and kept', async () => {
    await answer('10.77.0.2');
    const target = 'moving.test:99/udp';
    const watch = await stage.watch([target, 'moving.test:98/tcp', '--source', 'nflog', '--hold', 'none'], {
      prepare: RESOLVER,
    });
    const shell = stage.shell();
    await shell.do('exec 3<>/dev/udp/10.77.0.9/99; echo >&3');

    await answer('10.77.0.9 fd77::9');
    const told = /has another address now.*: (10.77.0.9, fd77::9|fd77::9, 10.77.0.9);/;
    await watch.until('stderr', told);
    for (const address of ['10.77.0.9', 'fd77::9', '10.77.0.2']) {
      await shell.do(`exec 3<>/dev/udp/${address}/99; echo >&3`);
      const { flow } = await watch.sighting(({ flow }) => flow.dst.address === address);
      expect(flow.dst.port).toBe(99);
    }
    expect(await setOf(watch.ready.instance, 'ipv4')).toMatch(/10\.77\.0\.2, 10\.77\.0\.9/);

    await answer('');
    await watch.until('stderr', /moving\.test cannot be looked up any more/);
    await shell.do('exec 3<>/dev/udp/10.77.0.9/99; echo >&3');
    await watch.sighting(({ id }) => id.endsWith('-4'));
    await answer('10.77.0.10');
    await watch.until('stderr', /can be looked up again/);
    await expect.poll(() => setOf(watch.ready.instance, 'ipv4'), { timeout: 5_000 }).toContain('10.77.0.10');

    const { summary, stderr, code } = await watch.end('SIGINT');
    expect(code).toBe(0);
    expect(summary).toMatchObject({ matches: 4, resolved: 4, lost: 0 });
    expect(summary?.gaps).toEqual([expect.stringContaining('cannot be looked up any more')]);
    expect(stderr.match(/another address/g)).toHaveLength(1);
  });
});
