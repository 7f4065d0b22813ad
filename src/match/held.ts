import type { Ticket } from '../netlink/nfqueue.js';

/** Packets that wait for their verdict, in the order in which they came. */
export interface Held {
  /** @param until when its time is over; no earlier than that of those before it */
  add(ticket: Ticket, until: number): void;
  /** It has gone. */
  remove(ticket: Ticket): void;
  /** Takes out those whose time is over at `now`; Infinity means all. */
  takeDue(now: number): Ticket[];
  /** When the time of the next one is over; undefined where none waits. */
  nextDue(): number | undefined;
}

/** Opens an empty one. */
export function openHeld(): Held {
  const waiting = new Map<number, { ticket: Ticket; until: number }>();
  const keyOf = ({ queue, id }: Ticket): number => queue * 2 ** 32 + id;
  return {
    add: (ticket, until) => void waiting.set(keyOf(ticket), { ticket, until }),
    remove: ticket => void waiting.delete(keyOf(ticket)),
    takeDue(now) {
      const due: Ticket[] = [];
      for (const [key, { ticket, until }] of waiting) {
        if (until > now) break;
        waiting.delete(key);
        due.push(ticket);
      }
      return due;
    },
    nextDue: () => waiting.values().next().value?.until,
  };
}
