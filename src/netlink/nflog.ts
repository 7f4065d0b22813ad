import { attribute, eachAttribute, NLM_F_ACK } from './message.js';
import { be32, netfilterHeader, NFGENMSG_BYTES } from './netfilter.js';
import type { Asked } from './prompt.js';

/** Packets that rules log to a group: linux/netfilter/nfnetlink_log.h, whose constants these are. */

const NFNL_SUBSYS_ULOG = 4;
const NFULNL_MSG_CONFIG = 1;
const NFULA_CFG_CMD = 1;
const NFULA_CFG_MODE = 2;
const NFULA_CFG_QTHRESH = 5;
const NFULNL_CFG_CMD_BIND = 1;
const NFULNL_COPY_PACKET = 2;
const NFULA_PACKET_HDR = 1;
const NFULA_IFINDEX_INDEV = 4;
const NFULA_IFINDEX_OUTDEV = 5;
const NFULA_PAYLOAD = 9;
const NFULA_PREFIX = 10;
const NFULA_UID = 11;
const NFULA_GID = 14;

/** linux/netfilter.h, linux/if_ether.h. */
const NFPROTO_NETDEV = 5;
const ETHERNET_BYTES = 14;

/** Type of a message that carries a packet. */
export const NFULNL_MSG_PACKET = NFNL_SUBSYS_ULOG << 8;

/** A packet as the kernel hands it over. */
export interface LoggedPacket {
  /** What the rule wrote before it. */
  prefix: string;
  /** From the network header on, cut at the group's snaplen; a view. */
  packet: Buffer;
  /** Index of the device that it leaves by; 0 for none. */
  oif: number;
  /** Of the one that it came in by; 0 for one that this machine sends itself. */
  iif: number;
  /** Owner of the sending socket's file; null where there is none. */
  uid: number | null;
  gid: number | null;
}

/**
 * Takes a group for this socket, whose packets then come as messages of type {@link NFULNL_MSG_PACKET}, each at once
 * and with its first `snaplen` bytes. The group is free again once the socket is closed.
 * @throws PTRAP_E_NETLINK: errno EBUSY when somebody else has it, as {@link Asked.request} does
 */
export async function bindGroup(socket: Asked, group: number, snaplen: number): Promise<void> {
  const configure = (type: number, value: Buffer): Promise<unknown> =>
    socket.request(
      (NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_CONFIG,
      NLM_F_ACK,
      Buffer.concat([netfilterHeader(0, group), attribute(type, value)]),
    );
  await configure(NFULA_CFG_CMD, Buffer.from([NFULNL_CFG_CMD_BIND]));
  await configure(NFULA_CFG_MODE, Buffer.concat([be32(snaplen), Buffer.from([NFULNL_COPY_PACKET, 0])]));
  await configure(NFULA_CFG_QTHRESH, be32(1));
}

/** Reads a message of type {@link NFULNL_MSG_PACKET}; undefined where it carries no packet. */
export function readLogged(payload: Buffer): LoggedPacket | undefined {
  let packet: Buffer | undefined;
  let protocol = 0;
  const found: Omit<LoggedPacket, 'packet'> = { prefix: '', oif: 0, iif: 0, uid: null, gid: null };
  eachAttribute(payload.subarray(NFGENMSG_BYTES), (type, value) => {
    if (type === NFULA_PAYLOAD) packet = value;
    else if (type === NFULA_PREFIX) found.prefix = value.toString('latin1', 0, value.indexOf(0));
    else if (value.length < 4) return;
    else if (type === NFULA_PACKET_HDR) protocol = value.readUInt16BE(0);
    else if (type === NFULA_IFINDEX_OUTDEV) found.oif = value.readUInt32BE(0);
    else if (type === NFULA_IFINDEX_INDEV) found.iif = value.readUInt32BE(0);
    else if (type === NFULA_UID) found.uid = value.readUInt32BE(0);
    else if (type === NFULA_GID) found.gid = value.readUInt32BE(0);
  });
  if (packet && payload[0] === NFPROTO_NETDEV) packet = withoutLinkHeader(packet, protocol);
  return packet && { ...found, packet };
}

/** On its way out of a device a packet has a link header already: of Ethernet, which ends in the protocol, or none. */
function withoutLinkHeader(frame: Buffer, protocol: number): Buffer {
  const isEthernet = frame.length >= ETHERNET_BYTES && frame.readUInt16BE(ETHERNET_BYTES - 2) === protocol;
  return isEthernet ? frame.subarray(ETHERNET_BYTES) : frame;
}
