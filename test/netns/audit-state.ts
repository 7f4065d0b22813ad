import { createHash } from 'node:crypto';
import { AUDIT_GET, AUDIT_LIST_RULES, NETLINK_AUDIT, readRule, readStatus } from '../../src/netlink/audit.js';
import { openNetlink } from '../../src/netlink/socket.js';

const NOTHING = Buffer.alloc(0);

/** What ptrap could have changed of the kernel's audit, which is one for the whole machine: how it is set, and digests of its rules. */
export async function auditState(): Promise<{ enabled: number; keys: (string | undefined)[]; all: unknown }> {
  using netlink = openNetlink(NETLINK_AUDIT);
  const [answer] = (await netlink.request(AUDIT_GET, 0, NOTHING)).map(readStatus);
  const { lost: _, ...status } = answer!;
  const rules = await netlink.request(AUDIT_LIST_RULES, 0, NOTHING);
  return {
    enabled: status.enabled,
    keys: rules.map(rule => readRule(rule)?.key),
    all: [status, ...rules.map(rule => createHash('sha1').update(rule).digest('hex'))],
  };
}
