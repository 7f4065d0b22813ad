import { NETLINK_AUDIT, READLOG_GROUPS } from '../../netlink/audit.js';
import { openDirectNetlink, type DirectNetlink } from '../../netlink/direct.js';
import { firstNetns } from '../../netns/first.js';

/** Room for some thousand records, while we are busy. */
const QUEUE_BYTES = 8 << 20;

/**
 * A socket that every record of the kernel's audit comes to (CAP_AUDIT_READ). They are told in the first network
 * namespace alone (kauditd_send_multicast_skb in kernel/audit.c).
 * @throws PTRAP_E_NETLINK
 */
export function openRecords(): DirectNetlink {
  const options = { queueBytes: QUEUE_BYTES, isBeyondMax: true, groups: READLOG_GROUPS };
  return openDirectNetlink(NETLINK_AUDIT, { ...options, netns: firstNetns() });
}
