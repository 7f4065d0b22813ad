import { statSync } from 'node:fs';
import { failure } from '../errors.js';
import { linkName, NETLINK_ROUTE } from '../netlink/link.js';
import { openNetlink } from '../netlink/socket.js';
import { isoTime, openClock } from '../sys/clock.js';
import type { ResolvedTarget } from '../target/target.js';
import type { Teardown } from '../teardown/stack.js';
import { flowOf } from './bpf/flow.js';
import { openKernelClock } from './bpf/kernel-clock.js';
import { readCall, type Call } from './bpf/line.js';
import { buildProgram, probeTag } from './bpf/program.js';
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

/** (uid_t) -1: nobody logged in. */
const NO_LOGIN = 4294967295;

/**
 * Has bpftrace look at the kernel's functions that send, for calls to the targets.
 * @throws PTRAP_E_TOOL_MISSING, PTRAP_E_BPF
 */
export async function openBpf(teardown: Teardown, options: CallSourceOptions): Promise<CallSource> {
  const { targets } = options;
  const route = openNetlink(NETLINK_ROUTE);
  teardown.defer(() => route[Symbol.dispose]());
  const deviceName = openDeviceNames(index => linkName(route, index));
  const sorting = openSorting(targets.map(({ text }) => text));
  const calls = openStream<{ call: Call; arrived: number }>();
  const [now, clock] = [openClock(), openKernelClock()];
  const ours = probeTag(targets.length);
  let lost = 0;

  const trace = (networks: readonly ResolvedTarget[]): Tracer =>
    startTracer(buildProgram({ ...options, targets: networks, netns: ownNetns(), via: 'fentry' }), {
      onLine(line) {
        const call = readCall(line);
        if (call) calls.push({ call, arrived: performance.now() });
      },
      onLost: count => void (lost += count),
      onEnd: error => calls.end(error),
    });
  const tracer = trace(targets);
  teardown.defer(() => tracer.close());
  await tracer.up;

  async function* matches(): AsyncGenerator<Arrival> {
    for await (const { call, arrived } of calls.items) {
      const at = clock(call.kernelMs);
      const oif = deviceName.known(call.oif) ?? (await deviceName.ask(call.oif));
      const caller = callerOf(call, at);
      const seen = isoTime(String(now() - Math.round((performance.now() - at) * 1000)));
      const tag = call.tag === ours ? 'p' : String(call.tag - 1);
      const match = sorting.sort({ tag, at: seen, flow: flowOf(call, oif), caller });
      if (match) yield { match, arrived, caller };
    }
  }

  return {
    name: 'bpf',
    matches: matches(),
    onEcho: sorting.onEcho,
    readdress: () => Promise.resolve(),
    async settle() {
      await tracer.close();
      return { suppressed: 0, lost };
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
