import type { Ticket } from '../netlink/nfqueue.js';

/** Queues a packet up behind those of its flow; the function that it gives says that this one may go. */
export type Turns = (flow: string, ticket: Ticket) => () => void;

/** Lets the packets of each flow go in the order in which they came, whichever of them may go first. */
export function openTurns(letGo: (ticket: Ticket) => void): Turns {
  const lines = new Map<string, { ticket: Ticket; mayGo: boolean }[]>();
  return (flow, ticket) => {
    const line = lines.get(flow) ?? [];
    const own = { ticket, mayGo: false };
    lines.set(flow, line);
    line.push(own);
    return () => {
      own.mayGo = true;
      while (line[0]?.mayGo) letGo(line.shift()!.ticket);
      if (line.length === 0 && lines.get(flow) === line) lines.delete(flow);
    };
  };
}
