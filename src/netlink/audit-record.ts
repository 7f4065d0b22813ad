import { failure } from '../errors.js';

/**
 * Records of the kernel's audit, as its multicast group brings them: linux/audit.h, audit_log_exit() in
 * kernel/auditsc.c. Pure. What a process may choose (its name, its program's path) is in quotes, or in hex where that
 * could be mistaken for more.
 */

/** The types that only the kernel makes: whoever may write records of its own can write none of these. */
const AUDIT_SYSCALL = 1300;
const AUDIT_SOCKETCALL = 1304;
const AUDIT_CONFIG_CHANGE = 1305;
const AUDIT_SOCKADDR = 1306;
const AUDIT_EOE = 1320;

/** A call that has ended. Arguments are cut to 32 bits, as much as those that matter here have. */
export interface CallRecord {
  /** When it began, in ms since the epoch, by a clock that is up to 10 ms slow. */
  at: number;
  /** AUDIT_ARCH_* of linux/audit.h. */
  arch: number;
  /** Of the syscall, on that architecture. */
  number: number;
  /** What it returned: a negative one is an errno. */
  exit: number;
  args: readonly number[];
  ppid: number;
  /** Its process, by the number in the first pid namespace. */
  pid: number;
  /** The user who logged in; null where nobody did. */
  loginUid: number | null;
  uid: number;
  gid: number;
  /** What its process runs; null for a kernel thread. */
  exe: string | null;
}

/** What one record says; those of one call have the same serial. */
export type AuditRecord = { serial: number } & (
  | { what: 'call'; call: CallRecord }
  | { what: 'arguments'; args: readonly number[] }
  | { what: 'address'; bytes: Buffer }
  | { what: 'end' }
  /** Auditing was turned off. */
  | { what: 'off' }
  | { what: 'rule removed'; key: string }
);

const HEADER = 16;
/** No record is longer, in bytes: MAX_AUDIT_MESSAGE_LENGTH of linux/audit.h, and its header. */
const MOST_BYTES = 8970 + HEADER;

/**
 * Gives type and payload (a view) of each whole record, and where the last of them ends. Unlike in a datagram of other
 * protocols no padding follows a record.
 * @throws PTRAP_E_NETLINK_MALFORMED where a length lies
 */
export function eachRecord(bytes: Buffer, take: (type: number, payload: Buffer) => void): number {
  let end = 0;
  while (end + HEADER <= bytes.length) {
    const length = bytes.readUInt32LE(end);
    if (length < HEADER || length > MOST_BYTES) throw failure('PTRAP_E_NETLINK_MALFORMED', 'audit record');
    if (end + length > bytes.length) break;
    take(bytes.readUInt16LE(end + 4), bytes.subarray(end + HEADER, end + length));
    end += length;
  }
  return end;
}

const SERIAL = String.raw`^audit\((\d{1,12})\.(\d{3}):(\d{1,10})\): `;
const HEX = '([0-9a-f]{1,16})';
const CALL = new RegExp(
  `${SERIAL}arch=([0-9a-f]{1,8}) syscall=(\\d{1,5})(?: per=[0-9a-f]+)? success=(?:yes|no) exit=(-?\\d{1,20}) ` +
    `a0=${HEX} a1=${HEX} a2=${HEX} a3=${HEX} items=\\d+ ` +
    String.raw`ppid=(\d{1,10}) pid=(\d{1,10}) auid=(\d{1,10}) uid=(\d{1,10}) gid=(\d{1,10}) ` +
    String.raw`(?:[a-z]+=[^ "]+ ){1,16}comm=(?:"[^"]*"|[0-9A-F]+) exe=("[^"]*"|[0-9A-F]+|\(null\))(?: |$)`,
);
const ARGUMENTS = new RegExp(`${SERIAL}nargs=[1-6]((?: a[0-5]=[0-9a-f]{1,16}){1,6})$`);
const ADDRESS = new RegExp(`${SERIAL}saddr=((?:[0-9A-F]{2}){1,128})$`);
const END = new RegExp(SERIAL);
const OFF = new RegExp(`${SERIAL}.*\\baudit_enabled=0 old=`);
const RULE_REMOVED = new RegExp(`${SERIAL}.*\\bop=remove_rule key="([^"]+)" list=`);

/** Nobody: (uid_t)-1. */
const UNSET = 0xffffffff;

/** Reads the record of a call, or one that belongs to it; undefined for any other, and for what is not as the kernel writes it. */
export function readRecord(type: number, payload: Buffer): AuditRecord | undefined {
  switch (type) {
    case AUDIT_SYSCALL:
      return readCall(payload.toString('latin1'));
    case AUDIT_SOCKETCALL: {
      const found = ARGUMENTS.exec(payload.toString('latin1'));
      const args = found?.[4]?.trim().split(' ') ?? [];
      return found
        ? { what: 'arguments', serial: Number(found[3]), args: args.map(text => low(text.slice(3))) }
        : undefined;
    }
    case AUDIT_SOCKADDR: {
      const found = ADDRESS.exec(payload.toString('latin1'));
      return found
        ? { what: 'address', serial: Number(found[3]), bytes: Buffer.from(found[4]!, 'hex') }
        : undefined;
    }
    case AUDIT_EOE: {
      const found = END.exec(payload.toString('latin1'));
      return found ? { what: 'end', serial: Number(found[3]) } : undefined;
    }
    case AUDIT_CONFIG_CHANGE:
      return readChange(payload.toString('latin1'));
    default:
      return undefined;
  }
}

function readChange(text: string): AuditRecord | undefined {
  const off = OFF.exec(text);
  if (off) return { what: 'off', serial: Number(off[3]) };
  const removed = RULE_REMOVED.exec(text);
  return removed ? { what: 'rule removed', serial: Number(removed[3]), key: removed[4]! } : undefined;
}

function readCall(text: string): AuditRecord | undefined {
  const found = CALL.exec(text);
  if (!found) return undefined;
  const [, seconds, ms, serial, arch, number, exit, a0, a1, a2, a3, ppid, pid, auid, uid, gid, exe] =
    found as unknown as string[];
  const call = {
    at: Number(seconds) * 1000 + Number(ms),
    arch: parseInt(arch!, 16),
    number: Number(number),
    exit: Number(exit),
    args: [low(a0!), low(a1!), low(a2!), low(a3!)],
    ppid: Number(ppid),
    pid: Number(pid),
    loginUid: Number(auid) === UNSET ? null : Number(auid),
    uid: Number(uid),
    gid: Number(gid),
    exe: textOf(exe!),
  };
  return { what: 'call', serial: Number(serial), call };
}

/** The lower 32 bits. */
function low(hex: string): number {
  return parseInt(hex.slice(-8), 16);
}

function textOf(value: string): string | null {
  if (value.startsWith('"')) return value.slice(1, -1);
  return value === '(null)' ? null : Buffer.from(value, 'hex').toString();
}
