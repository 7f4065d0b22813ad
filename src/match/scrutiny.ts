import { failure } from '../errors.js';
import { messagesOf } from '../netlink/message.js';
import { NFULNL_MSG_PACKET, readLogged } from '../netlink/nflog.js';
import type { Bell } from './bell.js';
import { openForgeable } from './forgeable.js';
import { tagIn } from './nflog.js';
import { parsePacket } from './packet.js';
import { openWitness, type Testimony } from './witness.js';

/** What the scrutiny needs of the instance. */
export interface ScrutinyOptions {
  instance: string;
  /** How many packets the kernel has logged for it so far. */
  logged(): Promise<number>;
  say(line: string): void;
}

/**
 * Judges lines of the kernel's log: whether a rule of ours had one written. Where nobody else can, each is.
 * @throws PTRAP_E_LOG_FORGEABLE where somebody else can and there is no bell; once that has ended, each judgement does
 */
export function openScrutiny(
  bell: Bell | undefined,
  { instance, logged, say }: ScrutinyOptions,
): (line: Testimony) => Promise<boolean> {
  const isForgeable = openForgeable();
  let told = false;
  const witness = openWitness({
    logged,
    onForged() {
      if (!told) say(FORGED);
      told = true;
    },
  });
  if (!bell && isForgeable()) throw failure('PTRAP_E_LOG_FORGEABLE');
  bell?.onRing(messages => {
    if (!isForgeable()) return;
    for (const packet of testimoniesIn(messages, instance)) witness.hear(packet);
  });
  return async line => {
    if (!isForgeable()) return true;
    if (!bell) throw failure('PTRAP_E_LOG_FORGEABLE');
    // no count: the table has gone, and whoever ended nft hears of that
    return witness.vouches(line).catch(() => false);
  };
}

const FORGED =
  'lines in the kernel’s log look like ptrap’s and are not: passed over (packets of another network namespace, logged by its owner: net.netfilter.nf_log_all_netns is 1)';

function* testimoniesIn(messages: Buffer, instance: string): Generator<Testimony> {
  for (const { type, payload } of messagesOf(messages)) {
    const logged = type === NFULNL_MSG_PACKET ? readLogged(payload) : undefined;
    const tag = logged && tagIn(logged.prefix, instance);
    const flow = logged && parsePacket(logged.packet)?.flow;
    if (!logged || tag === undefined || !flow) continue;
    yield { tag, flow: { ...flow, uid: logged.uid, ...(logged.iif !== 0 && { iif: String(logged.iif) }) } };
  }
}
