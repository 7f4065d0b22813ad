/** IP protocols by their name in /etc/protocols; numbers from IANA, as in the IP header. */
const numbers = {
  icmp: 1,
  igmp: 2,
  ipencap: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  sctp: 132,
  udplite: 136,
} as const;

const names = new Map<number, string>(Object.entries(numbers).map(([name, number]) => [number, name]));
const withPorts = new Set(['tcp', 'udp', 'dccp', 'sctp', 'udplite']);

/** Names that a target may use. */
export const protocolNames = Object.keys(numbers);

/** The protocol's name, or its decimal number where it has none: `protocolName(17)` is `udp`. */
export function protocolName(number: number): string {
  return names.get(number) ?? String(number);
}

/** The number in the IP header for a name or a decimal number; undefined for anything else. */
export function protocolNumber(text: string): number | undefined {
  if (Object.hasOwn(numbers, text)) return numbers[text as keyof typeof numbers];
  const number = /^\d{1,3}$/.test(text) ? Number(text) : NaN;
  return number <= 255 ? number : undefined;
}

/** Whether packets of this protocol carry a source and a destination port in their first four bytes. */
export function hasPorts(protocol: string): boolean {
  return withPorts.has(protocol);
}
