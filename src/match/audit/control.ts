import { constants } from 'node:os';
import { failure } from '../../errors.js';
import {
  AUDIT_ADD_RULE,
  AUDIT_DEL_RULE,
  AUDIT_FILTER_EXIT,
  AUDIT_FILTER_TASK,
  AUDIT_GET,
  AUDIT_LIST_RULES,
  AUDIT_NEVER,
  AUDIT_SET,
  enabledStatus,
  encodeRule,
  NETLINK_AUDIT,
  readRule,
  readStatus,
  type AuditRule,
  type AuditStatus,
} from '../../netlink/audit.js';
import { callRules, type Architecture } from '../../netlink/audit-syscalls.js';
import { NLM_F_ACK } from '../../netlink/message.js';
import { isErrno, openNetlink, type NetlinkSocket } from '../../netlink/socket.js';

/** The kernel's audit, for us to set up. */
export interface AuditControl extends Disposable {
  status(): Promise<AuditStatus>;
  rules(): Promise<RulesSummary>;
  /** Adds the rules that have calls recorded, after those that are there. */
  add(architectures: readonly Architecture[], key: string, sends: boolean): Promise<void>;
  /** @throws PTRAP_E_AUDIT_LOCKED */
  setEnabled(enabled: number): Promise<void>;
  /** Removes the rules of that key, and no other. @throws PTRAP_E_AUDIT_LOCKED */
  remove(key: string): Promise<void>;
}

/** What the rules of the machine mean for us. */
export interface RulesSummary {
  /** Those that are not of a ptrap. */
  others: number;
  /** Keys of ptraps. */
  keys: ReadonlySet<string>;
  /** Whether one keeps all or some processes from being audited at all. */
  neverTask: boolean;
  /** Whether one keeps some calls from being recorded. */
  neverExit: boolean;
}

/** Keys of our rules: `ptrap-` and the instance. */
export const AUDIT_KEY = /^ptrap-[0-9a-z]{6}$/;

const NOTHING = Buffer.alloc(0);

/**
 * Opens a way to ask and to set the kernel's audit.
 * @throws PTRAP_E_AUDIT_MISSING where the kernel has none, or it was turned off at boot
 */
export function openAuditControl(): AuditControl {
  const netlink = open();
  const list = (): Promise<Buffer[]> => ask(AUDIT_LIST_RULES, 0, NOTHING);
  const change = (type: number, payload: Buffer): Promise<unknown> => ask(type, NLM_F_ACK, payload);

  async function ask(type: number, flags: number, payload: Buffer): Promise<Buffer[]> {
    try {
      return await netlink.request(type, flags, payload);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  async function addAll(rules: readonly AuditRule[]): Promise<void> {
    for (const rule of rules) await change(AUDIT_ADD_RULE, encodeRule(rule));
  }

  async function remove(key: string): Promise<void> {
    for (const rule of await list()) if (readRule(rule)?.key === key) await change(AUDIT_DEL_RULE, rule);
  }

  return {
    async status() {
      const status = (await ask(AUDIT_GET, 0, NOTHING)).map(readStatus).find(found => found !== undefined);
      if (!status) throw failure('PTRAP_E_NETLINK_MALFORMED', 'audit status');
      return status;
    },
    async rules() {
      const all = (await list()).map(readRule).filter(rule => rule !== undefined);
      const hasNever = (filter: number): boolean =>
        all.some(({ list: found, action }) => found === filter && action === AUDIT_NEVER);
      const keys = all.flatMap(({ key }) => (key !== undefined && AUDIT_KEY.test(key) ? [key] : []));
      return {
        others: all.length - keys.length,
        keys: new Set(keys),
        neverTask: hasNever(AUDIT_FILTER_TASK),
        neverExit: hasNever(AUDIT_FILTER_EXIT),
      };
    },
    async add(architectures, key, sends) {
      try {
        await addAll(callRules(architectures, key, { sends, byFamily: true }));
      } catch (error) {
        if (!isErrno(error, constants.errno.EINVAL)) throw error;
        await remove(key);
        await addAll(callRules(architectures, key, { sends, byFamily: false }));
      }
    },
    setEnabled: async enabled => void (await change(AUDIT_SET, enabledStatus(enabled))),
    remove,
    [Symbol.dispose]: () => netlink[Symbol.dispose](),
  };
}

function open(): NetlinkSocket {
  try {
    return openNetlink(NETLINK_AUDIT);
  } catch (error) {
    throw refusalOf(error);
  }
}

/** Why the kernel says no: audit_netlink_ok() and audit_receive_msg() in kernel/audit.c. */
function refusalOf(error: unknown): unknown {
  const { EPROTONOSUPPORT, ECONNREFUSED, EPERM } = constants.errno;
  if (isErrno(error, EPROTONOSUPPORT)) return failure('PTRAP_E_AUDIT_MISSING');
  if (isErrno(error, EPERM) || isErrno(error, ECONNREFUSED)) return failure('PTRAP_E_AUDIT_REFUSED');
  return error;
}
