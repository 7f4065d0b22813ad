import { makeAddressSets } from '../nft/address-set.js';
import { selectorsOf } from '../nft/selector.js';
import type { ResolvedTarget } from '../target/target.js';
import { MOST_HELD } from './ifb.js';

/** Every uid but the one that stands for none: true for packets that a process's socket sent. */
const ANY_SOCKET = 'meta skuid 0-4294967294';

/** Named counter of the packets that are not held, since with them netem would have more than it takes. */
export const UNHELD = 'unheld';
/** Of what netem takes: so many may come at once, and so many more in the time of the delay. */
const ROOM = { burst: MOST_HELD * 0.1, delayed: MOST_HELD * 0.8 };

/** How many packets may be held in a second. */
function perSecond(delayMs: number | string): number | string {
  if (typeof delayMs === 'string') return '<by the delay>';
  return Math.max(1, Math.floor((ROOM.delayed * 1000) / Math.max(1, delayMs)));
}

/**
 * The commands, one transaction, that send matching packets through `ifb` on their way out of each device: of tcp
 * the opening SYN, of other protocols every packet. More than netem has room for goes unheld. Kernel 5.17 brought this hook (nft(8), EGRESS HOOK).
 */
export function buildEgress(
  table: string,
  ifb: string,
  devices: readonly string[],
  targets: readonly ResolvedTarget[],
  delayMs: number | string,
): string[] {
  const owned = `netdev ${table}`;
  const expressions = targets
    .flatMap(target => selectorsOf(target, true))
    .map(({ expression }) => expression);
  return [
    `add table ${owned} { flags owner; }`,
    `add limit ${owned} room { rate ${perSecond(delayMs)}/second burst ${ROOM.burst} packets; }`,
    `add counter ${owned} ${UNHELD}`,
    ...makeAddressSets(owned, targets),
    `add chain ${owned} hold`,
    ...[...new Set(expressions)].flatMap(expression => [
      `add rule ${owned} hold ${expression} ${ANY_SOCKET} counter limit name "room" fwd to "${ifb}"`,
      `add rule ${owned} hold ${expression} ${ANY_SOCKET} counter name "${UNHELD}" accept`,
    ]),
    ...devices.flatMap((device, index) => hookDevice(table, deviceChain(index), device)),
  ];
}

/** Name of the chain of the device that came at this place, counted from 0. */
export function deviceChain(place: number): string {
  return `device_${place}`;
}

/** The commands that send what leaves by a device through the table. */
export function hookDevice(table: string, chain: string, device: string): string[] {
  return [
    `add chain netdev ${table} ${chain} { type filter hook egress device "${device}" priority 0; }`,
    `add rule netdev ${table} ${chain} jump hold`,
  ];
}
