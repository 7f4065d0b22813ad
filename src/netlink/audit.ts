/** The kernel's audit over netlink: linux/audit.h, whose constants these are. Pure. */

/** The protocol that its sockets must be opened with (linux/netlink.h). */
export const NETLINK_AUDIT = 9;
/** Multicast group of what auditd is told (AUDIT_NLGRP_READLOG), as a mask. */
export const READLOG_GROUPS = 1;

export const AUDIT_GET = 1000;
export const AUDIT_SET = 1001;
export const AUDIT_ADD_RULE = 1011;
export const AUDIT_DEL_RULE = 1012;
export const AUDIT_LIST_RULES = 1013;

const AUDIT_STATUS_ENABLED = 1;

/** A struct audit_status, as far as every kernel has it. */
export interface AuditStatus {
  /** 0 off, 1 on, 2 on and locked until the next boot. */
  enabled: number;
  /** What the kernel does when a record is lost: 0 nothing, 1 says so, 2 panics. */
  failure: number;
  /** Of auditd; 0 where none runs. */
  pid: number;
  /** Records a second beyond which they are lost; 0 for no limit. */
  rateLimit: number;
  /** Records that were lost since boot. */
  lost: number;
}

const STATUS_BYTES = 32;

/** Undefined where it is cut off. */
export function readStatus(payload: Buffer): AuditStatus | undefined {
  if (payload.length < STATUS_BYTES) return undefined;
  return {
    enabled: payload.readUInt32LE(4),
    failure: payload.readUInt32LE(8),
    pid: payload.readUInt32LE(12),
    rateLimit: payload.readUInt32LE(16),
    lost: payload.readUInt32LE(24),
  };
}

/** A struct audit_status that sets nothing but whether auditing is on. */
export function enabledStatus(enabled: number): Buffer {
  const status = Buffer.alloc(STATUS_BYTES);
  status.writeUInt32LE(AUDIT_STATUS_ENABLED, 0);
  status.writeUInt32LE(enabled, 4);
  return status;
}

/** What a rule looks at, besides the syscall. */
export const AUDIT_ARCH = 11;
export const AUDIT_SADDR_FAM = 113;
const AUDIT_FILTERKEY = 210;
const AUDIT_EQUAL = 0x40000000;

/** Lists of rules, and what a rule does. */
export const AUDIT_FILTER_TASK = 1;
export const AUDIT_FILTER_EXIT = 4;
export const AUDIT_NEVER = 0;
const AUDIT_ALWAYS = 2;

const AUDIT_MAX_FIELDS = 64;
const BITMASK_WORDS = 64;
/** Offsets in a struct audit_rule_data. */
const MASK = 12;
const FIELDS = MASK + BITMASK_WORDS * 4;
const VALUES = FIELDS + AUDIT_MAX_FIELDS * 4;
const FLAGS = VALUES + AUDIT_MAX_FIELDS * 4;
const BUFLEN = FLAGS + AUDIT_MAX_FIELDS * 4;
const RULE_BYTES = BUFLEN + 4;

/** A rule that has calls recorded as they end. */
export interface AuditRule {
  syscalls: readonly number[];
  /** All must be equal. */
  fields: readonly (readonly [field: number, value: number])[];
  /** Names who made it. */
  key: string;
}

/** The bytes of a struct audit_rule_data. */
export function encodeRule({ syscalls, fields, key }: AuditRule): Buffer {
  const name = Buffer.from(key);
  const rule = Buffer.alloc(RULE_BYTES + name.length);
  const all = [...fields, [AUDIT_FILTERKEY, name.length] as const];
  rule.writeUInt32LE(AUDIT_FILTER_EXIT, 0);
  rule.writeUInt32LE(AUDIT_ALWAYS, 4);
  rule.writeUInt32LE(all.length, 8);
  for (const number of syscalls) {
    const at = MASK + (number >> 5) * 4;
    rule.writeUInt32LE((rule.readUInt32LE(at) | (1 << (number & 31))) >>> 0, at);
  }
  for (const [index, [field, value]] of all.entries()) {
    rule.writeUInt32LE(field, FIELDS + index * 4);
    rule.writeUInt32LE(value >>> 0, VALUES + index * 4);
    rule.writeUInt32LE(AUDIT_EQUAL, FLAGS + index * 4);
  }
  rule.writeUInt32LE(name.length, BUFLEN);
  name.copy(rule, RULE_BYTES);
  return rule;
}

/** What matters here of any rule of the machine. */
export interface ListedRule {
  /** AUDIT_FILTER_*. */
  list: number;
  /** AUDIT_NEVER, or another. */
  action: number;
  key: string | undefined;
}

/** Reads a struct audit_rule_data; undefined where it is cut off or its lengths lie. */
export function readRule(payload: Buffer): ListedRule | undefined {
  if (payload.length < RULE_BYTES) return undefined;
  const count = payload.readUInt32LE(8);
  const end = RULE_BYTES + payload.readUInt32LE(BUFLEN);
  if (count > AUDIT_MAX_FIELDS || end > payload.length) return undefined;
  let at = RULE_BYTES;
  let key: string | undefined;
  for (let index = 0; index < count; index += 1) {
    const field = payload.readUInt32LE(FIELDS + index * 4);
    if (!hasText(field)) continue;
    const length = payload.readUInt32LE(VALUES + index * 4);
    if (at + length > end) return undefined;
    if (field === AUDIT_FILTERKEY) key = payload.toString('latin1', at, at + length);
    at += length;
  }
  return { list: payload.readUInt32LE(0), action: payload.readUInt32LE(4), key };
}

/** Fields whose value is the length of a text: AUDIT_SUBJ_* and AUDIT_OBJ_*, AUDIT_WATCH, AUDIT_DIR, AUDIT_EXE, the key. */
function hasText(field: number): boolean {
  return (
    (field >= 13 && field <= 17) ||
    (field >= 19 && field <= 23) ||
    [105, 107, 112, AUDIT_FILTERKEY].includes(field)
  );
}
