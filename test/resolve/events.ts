import type { ProcEvent } from '../../src/netlink/proc-event.js';
import type { ProcListener } from '../../src/netlink/proc-connector.js';
import { openProcessTable, type ProcessTable } from '../../src/resolve/table.js';

/** Events of a made-up machine, now or at a time. */
export const fork = (pid: number, parent: number, at = performance.now()): ProcEvent => ({
  what: 'fork',
  at,
  pid,
  parent,
});
export const exec = (pid: number, at = performance.now()): ProcEvent => ({ what: 'exec', at, pid });
export const exit = (pid: number, at = performance.now()): ProcEvent => ({ what: 'exit', at, pid });
export const uid = (pid: number, id: number, at = performance.now()): ProcEvent => ({
  what: 'uid',
  at,
  pid,
  real: id,
  effective: id,
});

/** A process table over a made-up /proc, whose events a test tells. */
export interface TestTable extends Disposable {
  table: ProcessTable;
  tell(...events: ProcEvent[]): void;
  /** More is told from now on than can be read. */
  delay(): void;
  /** The kernel had more to tell than was read. */
  lose(): void;
  said: string[];
}

/** Opens one and waits until it has read /proc. */
export async function openTestTable(proc: string): Promise<TestTable> {
  const said: string[] = [];
  let listener: ProcListener | undefined;
  let isLate = false;
  const table = openProcessTable({
    proc,
    say: line => said.push(line),
    onCgroup: () => undefined,
    listen: heard => {
      listener = heard;
      return { catchUp: () => !isLate, [Symbol.dispose]: () => undefined };
    },
  });
  while (!table.isComplete) await new Promise(resolve => setImmediate(resolve));
  return {
    table,
    tell: (...events) => events.forEach(event => listener?.onEvent(event)),
    delay: () => void (isLate = true),
    lose: () => listener?.onLoss(),
    said,
    [Symbol.dispose]() {
      table[Symbol.dispose]();
    },
  };
}
