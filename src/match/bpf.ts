import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure, PtrapError } from '../errors.js';
import { linkName, NETLINK_ROUTE } from '../netlink/link.js';
import { routeTo } from '../netlink/route.js';
import { openNetlink } from '../netlink/socket.js';
import { isoTime, openClock } from '../sys/clock.js';
import type { ResolvedTarget } from '../target/target.js';
import type { Teardown } from '../teardown/stack.js';
import { addressOf, flowOf } from './bpf/flow.js';
import { surveyGround } from './bpf/ground.js';
import { openKernelClock } from './bpf/kernel-clock.js';
import { readCall, type Call } from './bpf/line.js';
import { buildProgram, probeTag, type Via } from './bpf/program.js';
import { startTracer, type Tracer } from './bpf/tracer.js';
import { openDeviceNames } from './device-names.js';
import type { ProbeAddress } from './proof.js';
import { openSorting } from './sorting.js';
import type { Arrival, Caller, CallSource } from './source.js';
import { openStream } from './stream.js';

/** What a source that sees calls needs to know of the instance. */
export interface CallSourceOptions {
  targets: readonly ResolvedTarget[];
  /** Calls to this address are ptrap's own. */
  probe: ProbeAddress;
  /** Of tcp only what opens a connection. */
  newConnections: boolean;
  say(line: string): void;
}

/** How long the reading of what has come may take at the end, in ms. */
const SETTLE_MS = 5000;

/** (uid_t) -1: nobody logged in. */
const NO_LOGIN = 4294967295;

/** A program that runs, and from when to when what it tells counts (performance.now()): another takes its place. */
interface Shift {
  tracer: Tracer;
  from: number;
  until: number;
}

/** A call that has come. */
interface Came {
  call: Call;
  /** When it was made, and when it came (performance.now()). */
  at: number;
  arrived: number;
}

/**
 * Has bpftrace look at the kernel's functions that send, for calls to the targets.
 * @throws PTRAP_E_BTF_MISSING, PTRAP_E_LOCKDOWN, PTRAP_E_TRACEFS_MISSING, PTRAP_E_BPF
 */
export async function openBpf(teardown: Teardown, options: CallSourceOptions): Promise<CallSource> {
  const { say } = options;
  let { targets } = options;
  const { ways, has } = await surveyGround();
  const route = openNetlink(NETLINK_ROUTE);
  teardown.defer(() => route[Symbol.dispose]());
  const deviceName = openDeviceNames(index => linkName(route, index));
  const sorting = openSorting(targets.map(({ text }) => text));
  const calls = openStream<Came>();
  const [now, clock] = [openClock(), openKernelClock()];
  const ours = probeTag(targets.length);
  let lost = 0;
  let unread = 0;

  function onLost(count: number): void {
    if (lost === 0) say('more calls than bpftrace can tell of: some are lost, the summary says how many');
    lost += count;
  }

  /** Settles once all its probes are in place. */
  async function begin(via: Via): Promise<Shift> {
    const shift: Omit<Shift, 'tracer'> = { from: -Infinity, until: Infinity };
    const program = buildProgram({ ...options, targets, netns: ownNetns(), via, has });
    const tracer = startTracer(program, {
      onLine(line) {
        const [call, arrived] = [readCall(line), performance.now()];
        const at = call && clock(call.kernelMs);
        if (!call || at === undefined || !(at > shift.from && at <= shift.until)) return;
        unread += 1;
        calls.push({ call, at, arrived });
      },
      onLost,
      onEnd: error => calls.end(error),
    });
    teardown.defer(() => tracer.close());
    await tracer.up;
    return Object.assign(shift, { tracer });
  }

  async function beginSomehow(): Promise<{ shift: Shift; via: Via }> {
    for (const [index, via] of ways.entries()) {
      try {
        return { shift: await begin(via), via };
      } catch (error) {
        if (index === ways.length - 1 || !(error instanceof PtrapError)) throw error;
        say(`${via} does not work here, trying ${ways[index + 1]} (${error.message})`);
      }
    }
    throw failure('PTRAP_E_BPF', 'no way to look at calls');
  }

  const { shift: first, via } = await beginSomehow();
  if (via === 'tracepoint')
    say('this kernel lets only system calls be looked at: what is sent by write(2) or io_uring is not seen');
  let current = first;

  async function arrivalOf({ call, at, arrived }: Came): Promise<Arrival | undefined> {
    const way = await routeTo(route, addressOf(call.dst, call.family)).catch(() => undefined);
    const isBound = call.src.some(byte => byte !== 0);
    const index = call.oif || (way?.device ?? 0);
    const oif = deviceName.known(index) ?? (await deviceName.ask(index));
    const caller = callerOf(call, at);
    const seen = isoTime(String(now() - Math.round((performance.now() - at) * 1000)));
    const flow = flowOf(call, isBound ? call.src : (way?.source ?? call.src), oif);
    const match = sorting.sort({
      tag: call.tag === ours ? 'p' : String(call.tag - 1),
      at: seen,
      flow,
      caller,
    });
    return match && { match, arrived, caller };
  }

  async function* matches(): AsyncGenerator<Arrival> {
    for await (const came of calls.items) {
      const arrival = await arrivalOf(came);
      if (arrival) yield arrival;
      unread -= 1;
    }
  }

  return {
    name: 'bpf',
    matches: matches(),
    onEcho: sorting.onEcho,
    async readdress({ set, networks }) {
      targets = targets.map(target => (target.set === set ? { ...target, networks } : target));
      const next = await begin(via);
      const last = current;
      last.until = next.from = performance.now();
      current = next;
      await last.tracer.close();
    },
    async settle() {
      await current.tracer.close();
      for (const begun = performance.now(); unread > 0 && performance.now() < begun + SETTLE_MS;)
        await sleep(1);
      sorting.close();
      return { suppressed: 0, lost: lost + unread };
    },
    diagnose: () => Promise.resolve(failure('PTRAP_E_SOURCE_SILENT', 'bpf')),
  };
}

function callerOf(call: Call, at: number): Caller {
  const { pid, uid, startTime, ppid, comm, loginUid, isKernel } = call;
  return {
    via: 'bpf',
    pid,
    at,
    uid,
    startTime,
    ppid,
    ...(comm !== undefined && { comm }),
    ...(loginUid !== NO_LOGIN && { loginUid }),
    isKernel,
  };
}

/** Inode of the network namespace that ptrap is in. */
function ownNetns(): number {
  return statSync('/proc/self/ns/net').ino;
}
