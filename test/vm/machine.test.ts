import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { bootMachine, type Machine } from './machine.js';
import { preparedKernel } from './qemu.js';

let vm: Machine;
beforeAll(async () => {
  vm = await bootMachine();
  return () => vm[Symbol.asyncDispose]();
});

describe('the test machine', () => {
  it('runs the prepared 6.1 kernel under systemd, with journald', async () => {
    expect(vm.release).toMatch(/^6\.1\.0-\d+-amd64$/);
    expect(vm.release).toBe(preparedKernel());
    expect(await vm.must('cat /proc/1/comm')).toBe('systemd\n');
    expect(await vm.must('systemctl is-active systemd-journald')).toBe('active\n');
    expect(JSON.parse(await vm.must('journalctl -n 1 -o json'))).toHaveProperty('MESSAGE');
  });

  it('has netem', async () => {
    const before = await vm.must('tc qdisc show');
    await vm.must('modprobe sch_netem && tc qdisc add dev lo root netem delay 1ms');
    expect(await vm.must('tc qdisc show dev lo')).toMatch(/^qdisc netem .*delay 1ms/);
    await vm.must('tc qdisc del dev lo root');
    expect(await vm.must('tc qdisc show')).toBe(before);
  });

  it('has nft tables that end with their owner', async () => {
    const owner = vm.start(`(echo 'add table inet mine { flags owner; }'; sleep 60) | HOME=/dev/null nft -i`);
    await vm.must('until nft list tables | grep -q mine; do sleep 0.1; done');
    expect((await vm.run('nft delete table inet mine')).stderr).toContain('Operation not permitted');
    owner.signal('SIGKILL', true);
    await owner.end();
    await vm.must('while nft list tables | grep -q mine; do sleep 0.1; done');
  });

  it("brings the kernel's log lines to the journal", async () => {
    const rule = 'oifname "lo" udp dport 5353 log prefix "vm-test: " level debug flags skuid';
    await vm.must(`nft 'table inet t { chain c { type filter hook output priority mangle; ${rule}; }; }'`);
    await vm.must('echo > /dev/udp/127.0.0.1/5353');
    const line = await vm.must(
      `until journalctl -k -o json -g '^vm-test: ' -q -n 1; do sleep 0.1; done; nft delete table inet t`,
    );
    const entry = JSON.parse(line) as Record<string, string>;
    expect(entry).toMatchObject({ _TRANSPORT: 'kernel', SYSLOG_FACILITY: '0', SYSLOG_IDENTIFIER: 'kernel' });
    expect(entry['MESSAGE']).toMatch(
      /^vm-test: IN= OUT=lo SRC=127\.0\.0\.1 .* PROTO=UDP .* DPT=5353 .*UID=0 GID=0 $/,
    );
  });

  it('has loopback, room for devices and short-lived senders', async () => {
    await vm.must(
      `ip link add d0 type dummy && ip addr add 10.20.0.1/24 dev d0 && ip link set d0 up && ip link del d0`,
    );
    const echo = vm.start('exec node test/senders/udp-echo.mjs 5354');
    await echo.waitFor(/listening/);
    const pids = await vm.must('for a in 127.0.0.1 ::1; do bash test/senders/udp-wait.sh $a 5354; done');
    expect(pids).toMatch(/^\d+\n\d+\n$/);
    echo.signal('SIGTERM');
    expect(await echo.end()).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  it('changes nothing on the host', async () => {
    await vm.must('touch /etc/ptrap-vm-was-here /run/ptrap-vm-was-here');
    expect(existsSync('/etc/ptrap-vm-was-here') || existsSync('/run/ptrap-vm-was-here')).toBe(false);
    expect((await vm.run('touch package.json')).stderr).toContain('Read-only file system');
  });
});

describe('preparedKernel', () => {
  it('says what to run where qemu is missing', () => {
    vi.stubEnv('PATH', '/nonexistent');
    expect(() => preparedKernel()).toThrow(
      /^qemu-system-x86_64 is missing\. Run: bash scripts\/vm\/prepare\.sh$/,
    );
    vi.unstubAllEnvs();
  });
});

describe('commands', () => {
  it('gives code, stdout and stderr apart, of several at once', async () => {
    const scripts = [1, 2, 3].map(n => vm.run(`echo out${n}; echo err${n} >&2; exit ${n}`));
    expect(await Promise.all(scripts)).toEqual(
      [1, 2, 3].map(n => ({ code: n, signal: null, stdout: `out${n}\n`, stderr: `err${n}\n` })),
    );
  });

  it('carries long and non-ASCII output', async () => {
    const { stdout } = await vm.run(`printf 'é€😀'; head -c 1000000 /dev/zero | tr '\\0' x`);
    expect(stdout.length).toBe('é€😀'.length + 1_000_000);
    expect(stdout.slice(0, 5)).toBe('é€😀x');
  });

  it('kills everything a script started when its time is over, and says what it printed', async () => {
    const slow = vm.run('sleep 600 & echo "sleep is $!"; wait', { timeoutMs: 2_000 });
    const error = await slow.then(String, String);
    expect(error).toContain('nothing after 2000 ms: sleep 600');
    const pid = /^sleep is (\d+)$/m.exec(error)?.[1];
    await vm.must(`[ ${pid} -gt 1 ]; while [ -e /proc/${pid} ]; do sleep 0.1; done`);
  });

  it('answers fast enough to be used freely', async () => {
    const started = Date.now();
    for (let n = 0; n < 5; n++) await vm.must('true');
    const each = (Date.now() - started) / 5;
    console.log(`boot ${vm.bootMs} ms, one command ${each} ms`);
    expect(each).toBeLessThan(2_000);
  });
});
