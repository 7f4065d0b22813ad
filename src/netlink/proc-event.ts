/** Messages of the proc connector: struct cn_msg and struct proc_event (linux/connector.h, linux/cn_proc.h). Pure. */

/** What happened to a process; `at` in ms on the clock of performance.now(). A thread is told of by its process. */
export type ProcEvent =
  | { what: 'fork'; at: number; pid: number; parent: number }
  | { what: 'exec' | 'exit' | 'thread-start' | 'thread-exit'; at: number; pid: number }
  | { what: 'uid'; at: number; pid: number; real: number; effective: number }
  | { what: 'comm'; at: number; pid: number; comm: string };

/** A message: an event, or the answer to a request (`number` is the request's and one). */
export interface ProcMessage {
  event?: ProcEvent;
  acknowledgement?: { number: number; errno: number };
}

const CN_IDX_PROC = 1;
const CN_VAL_PROC = 1;
const PROC_EVENT_NONE = 0;
const PROC_EVENT_FORK = 0x1;
const PROC_EVENT_EXEC = 0x2;
const PROC_EVENT_UID = 0x4;
const PROC_EVENT_COMM = 0x200;
const PROC_EVENT_EXIT = 0x80000000;

const MESSAGE_BYTES = 60;
/** Offsets in a netlink payload. */
const [ACK, WHAT, TIMESTAMP, DATA] = [12, 20, 28, 36] as const;
const COMM_BYTES = 16;

/** When performance.now() was 0 on the clock of the kernel's timestamps (CLOCK_MONOTONIC), in ms. */
const origin = clockOrigin();

function clockOrigin(): number {
  let best = { gap: Infinity, origin: 0 };
  for (let round = 0; round < 5; round += 1) {
    const before = performance.now();
    const kernel = Number(process.hrtime.bigint()) / 1e6;
    const gap = performance.now() - before;
    if (gap < best.gap) best = { gap, origin: kernel - before - gap / 2 };
  }
  return best.origin;
}

/** Reads the payload of a netlink message; undefined for another connector's, one that is cut off, and events that do not matter here. */
export function readProcMessage(payload: Buffer): ProcMessage | undefined {
  if (payload.length < MESSAGE_BYTES) return undefined;
  if (payload.readUInt32LE(0) !== CN_IDX_PROC || payload.readUInt32LE(4) !== CN_VAL_PROC) return undefined;
  if (payload.readUInt32LE(WHAT) === PROC_EVENT_NONE) {
    const acknowledgement = { number: payload.readUInt32LE(ACK), errno: payload.readUInt32LE(DATA) };
    return { acknowledgement };
  }
  const event = readEvent(payload);
  return event && { event };
}

function readEvent(payload: Buffer): ProcEvent | undefined {
  const at = (payload.readUInt32LE(TIMESTAMP) + payload.readUInt32LE(TIMESTAMP + 4) * 2 ** 32) / 1e6 - origin;
  const [thread, pid] = [payload.readInt32LE(DATA), payload.readInt32LE(DATA + 4)];
  switch (payload.readUInt32LE(WHAT)) {
    case PROC_EVENT_FORK: {
      const [child, process] = [payload.readInt32LE(DATA + 8), payload.readInt32LE(DATA + 12)];
      if (child !== process) return { what: 'thread-start', at, pid: process };
      return { what: 'fork', at, pid: process, parent: pid };
    }
    case PROC_EVENT_EXEC:
      return { what: 'exec', at, pid };
    case PROC_EVENT_UID: {
      const [real, effective] = [payload.readUInt32LE(DATA + 8), payload.readUInt32LE(DATA + 12)];
      return { what: 'uid', at, pid, real, effective };
    }
    case PROC_EVENT_COMM:
      return thread === pid ? { what: 'comm', at, pid, comm: commOf(payload) } : undefined;
    case PROC_EVENT_EXIT:
      return { what: thread === pid ? 'exit' : 'thread-exit', at, pid };
    default:
      return undefined;
  }
}

function commOf(payload: Buffer): string {
  const bytes = payload.subarray(DATA + 8, DATA + 8 + COMM_BYTES);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? COMM_BYTES : end);
}
