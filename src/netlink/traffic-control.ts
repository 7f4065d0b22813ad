import { attribute, findAttribute, NLM_F_ACK, NLM_F_DUMP } from './message.js';
import type { NetlinkSocket } from './socket.js';

/** Qdiscs, classes and filters as the kernel tells them (linux/rtnetlink.h, linux/pkt_sched.h; constants are theirs). */

/** The type with its flags, which the kernel asks for when it is given back. */
export type Attribute = readonly [type: number, value: Buffer];

/** One qdisc, class or filter. */
export interface TrafficObject {
  type: 'qdisc' | 'class' | 'filter';
  handle: number;
  parent: number;
  /** Of a filter its pref and protocol, of a class the handle of the qdisc in it. */
  info: number;
  kind: string;
  /** In the kernel's order, without statistics. */
  attributes: Attribute[];
  /** Measures its own rate, which cannot be asked for again from what the kernel tells. */
  estimated: boolean;
  /** Packets that wait in it, where the kernel tells. */
  waiting?: number;
  /** Packets that it has dropped, where the kernel tells. */
  dropped?: number;
}

export const TCA_OPTIONS = 2;
const TCA_KIND = 1;
const TCA_STATS2 = 7;
const TCA_STATS_RATE_EST = 2;
const TCA_STATS_QUEUE = 3;
const TCA_STAB = 8;
const TCA_CHAIN = 11;
const TCA_HW_OFFLOAD = 12;
/** What makes an object what it is; the rest are counters. */
const KEPT = new Set([TCA_KIND, TCA_OPTIONS, TCA_STAB, TCA_CHAIN, TCA_HW_OFFLOAD]);

/** Kinds whose classes are made by somebody; those of others come by themselves, some with every flow. */
const CLASSFUL = new Set(['htb', 'hfsc', 'drr', 'qfq']);

const TC_H_ROOT = 0xffffffff;
/** Parents and handles of ingress and clsact. */
const INGRESS = 0xffff0000;
export const TC_H_CLSACT = 0xfffffff1;
/** Where the filters of clsact are; those of an ingress qdisc are in the former. */
export const INGRESS_FILTERS = 0xfffffff2;
export const EGRESS_FILTERS = 0xfffffff3;

const NEW = { qdisc: 36, class: 40, filter: 44 };
const DELETE = { qdisc: 37, class: 41, filter: 45 };
const GET = { qdisc: 38, class: 42, filter: 46 };
const NLM_F_REPLACE = 0x100;
const NLM_F_CREATE = 0x400;
const TCMSG_BYTES = 20;

/**
 * All that hangs on the root of a device: its qdiscs, their classes, and their filters. None of ingress and clsact.
 * @throws as {@link NetlinkSocket.request}
 */
export async function dumpTree(socket: NetlinkSocket, index: number): Promise<TrafficObject[]> {
  const isOfRoot = ({ parent, handle }: TrafficObject): boolean =>
    parent === TC_H_ROOT || (parent < INGRESS && handle < INGRESS);
  const qdiscs = (await dump(socket, 'qdisc', index)).filter(isOfRoot);
  const classes = (await dump(socket, 'class', index)).filter(
    found => isOfRoot(found) && CLASSFUL.has(found.kind),
  );
  const places = new Set([...qdiscs, ...classes].map(({ handle }) => handle));
  const filters: TrafficObject[] = [];
  for (const place of places) if (place !== 0) filters.push(...(await dumpFilters(socket, index, place)));
  return [...qdiscs, ...classes, ...filters];
}

/**
 * The filters that hang on a qdisc or class of a device, or in EGRESS_FILTERS or INGRESS_FILTERS.
 * @throws as {@link NetlinkSocket.request}
 */
export function dumpFilters(socket: NetlinkSocket, index: number, place: number): Promise<TrafficObject[]> {
  return dump(socket, 'filter', index, place);
}

/**
 * Which of the two qdiscs that share that place a device has.
 * @throws as {@link NetlinkSocket.request}
 */
export async function ingressKind(
  socket: NetlinkSocket,
  index: number,
): Promise<'clsact' | 'ingress' | undefined> {
  const found = (await dump(socket, 'qdisc', index)).find(({ parent }) => parent === TC_H_CLSACT);
  return found?.kind === 'clsact' || found?.kind === 'ingress' ? found.kind : undefined;
}

async function dump(
  socket: NetlinkSocket,
  type: TrafficObject['type'],
  index: number,
  parent = 0,
): Promise<TrafficObject[]> {
  const answers = await socket.request(GET[type], NLM_F_DUMP, tcmsg(index, 0, parent, 0));
  return answers.filter(answer => answer.readInt32LE(4) === index).map(answer => parseObject(type, answer));
}

function parseObject(type: TrafficObject['type'], message: Buffer): TrafficObject {
  const all = message.subarray(TCMSG_BYTES);
  const kind = findAttribute(all, TCA_KIND)?.toString('latin1').replace(/\0.*$/s, '') ?? '';
  const statistics = findAttribute(all, TCA_STATS2);
  const queue = statistics && findAttribute(statistics, TCA_STATS_QUEUE);
  return {
    type,
    handle: message.readUInt32LE(8),
    parent: message.readUInt32LE(12),
    // of a qdisc it is a count of references
    info: type === 'qdisc' ? 0 : message.readUInt32LE(16),
    kind,
    attributes: attributesOf(all).filter(([flagged]) => KEPT.has(typeOf(flagged))),
    estimated: statistics !== undefined && findAttribute(statistics, TCA_STATS_RATE_EST) !== undefined,
    // struct gnet_stats_queue
    ...(queue && queue.length >= 12
      ? { waiting: queue.readUInt32LE(0), dropped: queue.readUInt32LE(8) }
      : {}),
  };
}

/**
 * Makes an object, or changes the one that is there to it.
 * @throws as {@link NetlinkSocket.request}
 */
export async function makeObject(
  socket: NetlinkSocket,
  index: number,
  { type, handle, parent, info, attributes }: TrafficObject,
): Promise<void> {
  const flags = NLM_F_ACK | NLM_F_CREATE | (type === 'filter' ? 0 : NLM_F_REPLACE);
  const payload = [tcmsg(index, handle, parent, type === 'filter' ? info : 0)];
  for (const [flagged, value] of attributes) {
    if (typeOf(flagged) !== TCA_HW_OFFLOAD) payload.push(attribute(flagged, value));
  }
  await socket.request(NEW[type], flags, Buffer.concat(payload));
}

/**
 * Deletes the root qdisc; the kernel puts its default in its place.
 * @throws as {@link NetlinkSocket.request}
 */
export async function deleteRoot(socket: NetlinkSocket, index: number): Promise<void> {
  await socket.request(DELETE.qdisc, NLM_F_ACK, tcmsg(index, 0, TC_H_ROOT, 0));
}

/**
 * Deletes clsact, with whatever is in it.
 * @throws as {@link NetlinkSocket.request}
 */
export async function deleteClsact(socket: NetlinkSocket, index: number): Promise<void> {
  await socket.request(DELETE.qdisc, NLM_F_ACK, tcmsg(index, 0, TC_H_CLSACT, 0));
}

/**
 * Deletes one filter, named by all that names it: a pref alone means everybody's.
 * @throws as {@link NetlinkSocket.request}
 */
export async function deleteFilter(
  socket: NetlinkSocket,
  index: number,
  { handle, parent, info, kind }: TrafficObject,
): Promise<void> {
  const name = attribute(TCA_KIND, Buffer.from(`${kind}\0`));
  await socket.request(DELETE.filter, NLM_F_ACK, Buffer.concat([tcmsg(index, handle, parent, info), name]));
}

/** An object as text, for a record or to be compared. */
export function objectText({ type, handle, parent, info, attributes }: TrafficObject): string {
  const bytes = [
    tcmsg(0, handle, parent, info),
    ...attributes.map(([kind, value]) => attribute(kind, value)),
  ];
  return `${type} ${Buffer.concat(bytes).toString('base64')}`;
}

/** The object that {@link objectText} made a text of. */
export function objectOf(text: string): TrafficObject {
  const [type = '', bytes = ''] = text.split(' ');
  return parseObject(type as TrafficObject['type'], Buffer.from(bytes, 'base64'));
}

/** NLA_F_NESTED and NLA_F_NET_BYTEORDER share the field with the type. */
export function typeOf(flagged: number): number {
  return flagged & 0x3fff;
}

/** The attributes in `bytes` with the flags of their types, up to the end or the first length that lies. */
export function attributesOf(bytes: Buffer): Attribute[] {
  const attributes: Attribute[] = [];
  for (let offset = 0; offset + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(offset);
    if (length < 4 || offset + length > bytes.length) break;
    attributes.push([bytes.readUInt16LE(offset + 2), bytes.subarray(offset + 4, offset + length)]);
    offset += (length + 3) & ~3;
  }
  return attributes;
}

/** Whether this is the qdisc that all others hang on. */
export function isRoot({ type, parent }: TrafficObject): boolean {
  return type === 'qdisc' && parent === TC_H_ROOT;
}

function tcmsg(index: number, handle: number, parent: number, info: number): Buffer {
  const bytes = Buffer.alloc(TCMSG_BYTES);
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt32LE(handle, 8);
  bytes.writeUInt32LE(parent, 12);
  bytes.writeUInt32LE(info, 16);
  return bytes;
}
