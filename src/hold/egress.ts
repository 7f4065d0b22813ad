import { selectorsOf } from '../nft/selector.js';
import type { ResolvedTarget } from '../target/target.js';

/** Every uid but the one that stands for none: true for packets that a process's socket sent. */
const ANY_SOCKET = 'meta skuid 0-4294967294';

/**
 * The commands, one transaction, that send matching packets through `ifb` on their way out of each device: of tcp
 * the opening SYN, of other protocols every packet. Kernel 5.17 brought this hook (nft(8), EGRESS HOOK).
 */
export function buildEgress(
  table: string,
  ifb: string,
  devices: readonly string[],
  targets: readonly ResolvedTarget[],
): string[] {
  const owned = `netdev ${table}`;
  const expressions = targets
    .flatMap(target => selectorsOf(target, true))
    .map(({ expression }) => expression);
  return [
    `add table ${owned} { flags owner; }`,
    `add chain ${owned} hold`,
    ...[...new Set(expressions)].map(
      expression => `add rule ${owned} hold ${expression} ${ANY_SOCKET} counter fwd to "${ifb}"`,
    ),
    ...devices.flatMap((device, index) => [
      `add chain ${owned} device_${index} { type filter hook egress device "${device}" priority 0; }`,
      `add rule ${owned} device_${index} jump hold`,
    ]),
  ];
}
