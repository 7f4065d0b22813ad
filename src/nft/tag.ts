/** What the log prefix of a probe packet has in place of a target's number. */
const PROBE = 'p';

/** And that of a packet socket's, before that number. */
const PACKET_SOCKET = 'packet';

/** Which rule brought a packet: a target's, by its index, for what is routed or for packet sockets, or the probe's. */
export type Tag = number | typeof PROBE | `${typeof PACKET_SOCKET}${number}`;
export const PROBE_TAG: Tag = PROBE;

/** The tag of what packet sockets send to a target. */
export function packetSocketTag(target: number): Tag {
  return `${PACKET_SOCKET}${target}`;
}

/** What a tag says; no index for a probe's. */
export function readTag(tag: string): { index: number | undefined; isOfPacketSocket: boolean } {
  const [, packet, index] = /^(packet)?(\d+)$/.exec(tag) ?? [];
  return { index: index === undefined ? undefined : Number(index), isOfPacketSocket: packet !== undefined };
}
