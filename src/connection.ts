import type { Flow } from './events.js';

/** The 5-tuple as a text, as the meters of the rules have it: with the id of an ICMP echo in place of the ports. */
export function connectionOf({
  protocol,
  src,
  dst,
  icmp,
}: Pick<Flow, 'protocol' | 'src' | 'dst' | 'icmp'>): string {
  return [protocol, src.address, src.port ?? icmp?.id, dst.address, dst.port].join(' ');
}
