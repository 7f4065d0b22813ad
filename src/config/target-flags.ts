import { parseTarget } from '../target/parse.js';

/** The original's spelling of one target: `-i`, `-p`, `-t`, `-u`. */
export interface TargetFlags {
  ip?: string | undefined;
  port?: string | undefined;
  tcp?: boolean | undefined;
  udp?: boolean | undefined;
}

/**
 * The targets that positional arguments and the original's flags name together. `-t` or `-u` without `-i`
 * and `-p` is said of the positional targets that name no protocol, or, where there are none, of any host.
 * @throws PTRAP_E_TARGET
 */
export function targetTexts(positional: readonly string[], flags: TargetFlags): string[] {
  const protocol = flags.tcp === flags.udp ? '' : flags.tcp ? '/tcp' : flags.udp ? '/udp' : '';
  if (flags.ip !== undefined || flags.port !== undefined) {
    const port = flags.port === undefined ? '' : `:${flags.port}`;
    return [...positional, hostText(flags.ip) + port + protocol];
  }
  if (positional.length > 0) return positional.map(text => withProtocol(text, protocol));
  return flags.tcp || flags.udp ? [`:${protocol}`] : [];
}

function hostText(ip = ''): string {
  return ip.includes(':') && !ip.startsWith('[') ? `[${ip}]` : ip;
}

/** A target that names no protocol means two of them: tcp and udp. */
function withProtocol(text: string, protocol: string): string {
  const { protocols } = parseTarget(text);
  return protocols !== 'any' && protocols.length > 1 ? text + protocol : text;
}
