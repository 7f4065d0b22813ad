import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { outcomeOf } from './namespace.js';
import { useStage } from './stage.js';

const stage = useStage();

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const INSTANCE = 'guard1';
const TARGET = '10.77.0.2:53/udp';
const PACKETS = 20;

/** A ptrap that holds packets in an ifb, ready; `around` is a shell command line that runs it as "$@". */
async function startGuarded(around = 'exec "$@"'): Promise<ChildProcess> {
  const program = [process.execPath, file('guarded.mjs'), INSTANCE, TARGET];
  const child = stage.namespace.spawn('sh', ['-c', around, 'sh', ...program]);
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(stderr)));
  await Promise.race([once(child.stdout!, 'data'), ended]);
  ended.catch(() => undefined);
  return child;
}

/** Sends packets that are held; gives what came back of them once it is known. */
async function hold(): Promise<() => Promise<string>> {
  const burst = [file('../senders/udp-burst.mjs'), '10.77.0.2', '53', String(PACKETS)];
  const child = stage.namespace.spawn(process.execPath, burst);
  const outcome = outcomeOf(child);
  await once(child.stdout!, 'data');
  return async () => (await outcome).stdout;
}

const shell = (script: string): Promise<string> => stage.namespace.must(script);
const waiting = async (): Promise<number> =>
  Number(/backlog \S+ (\d+)p/.exec(await shell(`tc -s qdisc show dev ptrap${INSTANCE}`))?.[1]);
const guards = (): Promise<string> => shell(`pgrep -f "ptrap-guard .* ${INSTANCE}$" || true`);
/** A name may be missed while others come and go. */
const pidOf = async (): Promise<string> =>
  (
    await shell(
      `for _ in $(seq 50); do pgrep -f "^\\S*node \\S*guarded.mjs ${INSTANCE}" && exit; sleep .1; done; exit 1`,
    )
  ).trim();
const asBefore = (): Promise<void> =>
  expect.poll(() => stage.namespace.snapshot(), { timeout: 20_000 }).toBe(stage.before());

describe('the guard', () => {
  it('lets every held packet go when ptrap is killed, then takes away the ifb and the record at once', async () => {
    const child = await startGuarded();
    const echoes = await hold();
    expect(await waiting()).toBeGreaterThan(PACKETS / 2);
    await shell(`pkill -TERM -f "ptrap-guard .* ${INSTANCE}$"; pkill -INT -f "ptrap-guard .* ${INSTANCE}$"`);
    child.kill('SIGKILL');
    expect(await echoes()).toContain(`${PACKETS} in order`);
    await asBefore();
    expect(await guards()).toBe('');
  });

  it('does so though nobody has taken notice of the death', async () => {
    const parent = await startGuarded('exec 3<&0; "$@" <&3 & exec sleep 60');
    await shell(`kill -KILL ${await pidOf()}`);
    await asBefore();
    parent.kill('SIGKILL');
  });

  it('ends with a ptrap that ends in order', async () => {
    const child = await startGuarded();
    const echoes = await hold();
    const exit = once(child, 'exit');
    child.stdin!.end();
    expect(await echoes()).toContain(`${PACKETS} in order`);
    await exit;
    expect(await stage.namespace.snapshot()).toBe(stage.before());
    await expect.poll(guards).toBe('');
  });

  it('does no harm by its own death: what is left waits for cleanup', async () => {
    const child = await startGuarded();
    await shell(`kill -KILL ${await guards()}`);
    child.kill('SIGKILL');
    await expect.poll(() => shell('nft list tables')).toBe('');
    expect(await shell('ip -o link')).toContain(`ptrap${INSTANCE}`);
    const { code, stdout } = await stage.ptrap(['cleanup']).end();
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`removed link ptrap${INSTANCE}`) as string,
    });
  });

  it.each([
    ['of another name', `ip link set ptrap${INSTANCE} alias mine`],
    ['without a name that is in use', `ip link set ptrap${INSTANCE} alias ''`],
  ])('leaves a link %s alone', async (_name, change) => {
    const child = await startGuarded();
    await shell(change);
    child.kill('SIGKILL');
    await expect.poll(() => shell('ls -A /run/ptrap 2>/dev/null || true'), { timeout: 20_000 }).toBe('');
    await expect.poll(guards).toBe('');
    await shell(`ip link del ptrap${INSTANCE}`);
  });

  it('deletes nothing that packets are still sent to', async () => {
    const child = await startGuarded();
    const nft = (await shell(`pgrep -P ${await pidOf()} nft`)).trim();
    await shell(`kill -STOP ${nft}`);
    child.kill('SIGKILL');
    await expect.poll(() => shell(`pgrep -f "guard.js ${INSTANCE}$" || true`)).not.toBe('');
    const echoes = await hold();
    await shell(`kill -CONT ${nft}`);
    expect(await echoes()).toContain(`${PACKETS} in order`);
    await asBefore();
  });
});
