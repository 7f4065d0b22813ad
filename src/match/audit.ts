import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../errors.js';
import { eachRecord, readRecord, type AuditRecord } from '../netlink/audit-record.js';
import { nameCalls } from '../netlink/audit-syscalls.js';
import { isoTime, openClock, readClocks } from '../sys/clock.js';
import type { ResolvedTarget } from '../target/target.js';
import type { Teardown } from '../teardown/stack.js';
import { openAim } from './audit/aim.js';
import { openCalls, type Call } from './audit/calls.js';
import { flowOf } from './audit/flow.js';
import { openRecords } from './audit/records.js';
import { openThreadProbe } from './audit/probe-thread.js';
import { openSendings, type Doubts, type Sending } from './audit/sendings.js';
import { recordsSends, setUpAudit, type SetUpOptions } from './audit/set-up.js';
import { openCallSockets, type LookUp } from './audit/sockets.js';
import { openWhereabouts } from './audit/whereabouts.js';
import { overrunTeller } from './overrun.js';
import type { Probe, ProbeAddress } from './proof.js';
import { openSorting, type Sorting } from './sorting.js';
import type { Arrival, Caller, CallSource, Origin } from './source.js';
import { openStream } from './stream.js';

/** What the audit source needs to know of the instance. */
export interface AuditOptions extends Omit<SetUpOptions, 'sends'> {
  targets: readonly ResolvedTarget[];
  /** Of tcp only what opens a connection. */
  newConnections: boolean;
  lookUp: LookUp;
  /** Where one who called and has ended came from, as far as that was seen. */
  originOf(caller: Caller): Origin | undefined;
}

/** Matches that may wait to be taken; records wait in the kernel while there are more. */
const MOST_WAITING = 10_000;
/** How long the kernel's records of what was sent last may take, in ms. */
const SETTLE_MS = 100;

interface Came extends Sending {
  arrived: number;
}

/** The source, and what it is to be proven with. */
export interface OpenedAudit {
  source: CallSource;
  probe: Probe;
}

/** Size of a packet that ptrap's first thread sends, in bytes: no probe is so long. */
const FROM_FIRST_THREAD = 1000;

/**
 * Has the kernel's audit record the calls that send, and reads all of its records.
 * @throws as {@link setUpAudit}
 */
export async function openAudit(teardown: Teardown, options: AuditOptions): Promise<OpenedAudit> {
  const { targets, newConnections, say, tellGap, lookUp, originOf } = options;
  const sorting = openSorting(targets.map(({ text }) => text));
  const came = openStream<Came>();
  const sockets = openCallSockets('/proc', lookUp);
  const [now, reading] = [openClock(), { waiting: 0, isClosing: false }];
  /** Calls to a target of processes that have ended, and may have been in another network namespace. */
  let netnsGone = 0;

  const records = openRecords();
  teardown.defer(() => {
    reading.isClosing = true;
    records[Symbol.dispose]();
    came.end();
  });
  const { architectures, key, lost } = await setUpAudit(teardown, {
    ...options,
    sends: recordsSends(targets, newConnections),
  });
  teardown.defer(() => void (reading.isClosing = true));
  const probe = await openThreadProbe();
  teardown.defer(() => probe[Symbol.dispose]());
  const calls = openCalls(nameCalls(architectures));
  const aim = openAim(targets, probe.address);
  const latest = (call: Call) => callerOf(call, performance.now());
  const whereabouts = openWhereabouts('/proc', {
    originOf: call => originOf(latest(call)),
    madeBy: call => latest(call).at,
  });
  const sendings = openSendings({ aim, sockets, whereabouts, newConnections });

  function take(record: AuditRecord): void {
    if (record.what === 'off') return fail('turned auditing off');
    if (record.what === 'rule removed')
      return record.key === key ? fail('removed its audit rules') : undefined;
    const call = calls.take(record);
    const sending = call && sendings.of(call);
    if (!sending) return;
    reading.waiting += 1;
    came.push({ ...sending, arrived: performance.now() });
    if (reading.waiting > MOST_WAITING) feed.pause();
  }

  function fail(what: string): void {
    if (!reading.isClosing) came.end(failure('PTRAP_E_AUDIT_ENDED', what));
  }

  const tellOverrun = overrunTeller(say);
  const feed = records.hear({
    onMessages(bytes) {
      eachRecord(bytes, (type, payload) => {
        const record = readRecord(type, payload);
        if (record) take(record);
      });
    },
    onOverrun() {
      sockets.forget();
      tellOverrun();
    },
  });

  async function* matches(): AsyncGenerator<Arrival> {
    for await (const { call, socket, to, tag, isHere, arrived } of came.items) {
      reading.waiting -= 1;
      if (reading.waiting <= MOST_WAITING / 2) feed.resume();
      const wasHere = isHere ?? whereabouts.wasHere(call);
      if (wasHere === undefined) netnsGone += 1;
      if (!wasHere) continue;
      const caller = callerOf(call, arrived);
      const at = isoTime(String(now() - Math.round((performance.now() - caller.at) * 1000)));
      const match = sorting.sort({ tag, at, flow: flowOf(call, socket, to), caller });
      if (match) yield { match, arrived, caller };
    }
  }

  await tellBlindness(sorting, probe.address, tellGap);
  const source: CallSource = {
    name: 'audit',
    matches: matches(),
    onEcho: sorting.onEcho,
    readdress: change => Promise.resolve(aim.readdress(change)),
    async settle() {
      await sleep(SETTLE_MS);
      for (const line of doubtsToTell(sendings.doubts, netnsGone)) tellGap(line);
      sorting.close();
      return { suppressed: 0, lost: (await lost()) + records.drops() + calls.incomplete };
    },
    diagnose: () => Promise.resolve(failure('PTRAP_E_SOURCE_SILENT', 'audit')),
  };
  return { source, probe };
}

/** Says that calls of what is older than ptrap are not seen, once a probe has come back and what was sent before it from here has not. */
async function tellBlindness(
  { onEcho }: Pick<Sorting, 'onEcho'>,
  { address, port }: ProbeAddress,
  tellGap: (line: string) => void,
): Promise<void> {
  let isSure = false;
  onEcho(({ match }) => {
    if (isSure) return;
    isSure = true;
    if (match.flow.length < FROM_FIRST_THREAD)
      tellGap(
        'auditing was never on since boot, so no call is seen of what runs since before that: only of programs and threads that start from now on',
      );
  });
  const socket = createSocket('udp4');
  await new Promise<void>(resolve =>
    socket.send(Buffer.alloc(FROM_FIRST_THREAD), port, address, () => resolve()),
  );
  socket.close();
}

/** The clock of a record is that of the last tick: the call was made later than it says, by so much at the most, in ms. */
const TICK_MS = 10;

function callerOf({ at, pid, ppid, uid, loginUid, exe }: Call, arrived: number): Caller {
  const { steady, wall } = readClocks();
  const began = arrived - Math.max(0, wall - at - (steady - arrived));
  const latest = Math.min(arrived, began + TICK_MS);
  return {
    via: 'audit',
    pid,
    at: latest,
    slackMs: latest - began,
    uid,
    ppid,
    ...(exe !== null && { exe }),
    ...(loginUid !== null && { loginUid }),
  };
}

function doubtsToTell({ socketGone, connected }: Doubts, netnsGone: number): string[] {
  return [
    socketGone > 0 &&
      `${socketGone} calls to a target’s address and port came from sockets that were older than ptrap and are gone: of which protocol they were is not known, so they are left out`,
    netnsGone > 0 &&
      `${netnsGone} calls to a target came from processes that had gone before it could be seen in which network namespace they were: they are left out`,
    connected > 0 &&
      `${connected} sockets without a connection (udp) were connected to a target, and were not seen to send: what is written by write(2) or io_uring is not audited`,
  ].filter(line => line !== false);
}
