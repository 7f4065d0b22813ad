import { decode } from 'dns-packet';

/** What somebody asks a name server. */
export interface Question {
  /** As dns-packet reads it: labels joined by dots, `.` for the root, U+FFFD for what is no UTF-8. */
  name: string;
  /** `A`, `AAAA`, …; `TYPE` and a number where there is no name (RFC 3597). */
  type: string;
}

/** Most questions that are read of one packet; a real query has one. */
const MAX_QUESTIONS = 8;

/** Bytes of a message's header, RFC 1035 section 4.1.1. */
const HEADER = 12;

/** Bytes that so many questions can take: a name of 255, a type and a class each. */
const MAX_BYTES = HEADER + MAX_QUESTIONS * (255 + 4);

/** Types that dns-packet does not name, RFC 9460. */
const NEWER_TYPES: Readonly<Record<string, string>> = { UNKNOWN_64: 'SVCB', UNKNOWN_65: 'HTTPS' };

/** The questions of the queries that a packet carries; none where it carries anything else. Never throws. */
export function questionsOf(payload: Uint8Array, protocol: string): Question[] {
  const messages = protocol === 'tcp' ? segmented(payload) : [payload];
  return messages.flatMap(asked).slice(0, MAX_QUESTIONS);
}

/** The messages that a tcp segment holds whole, each after its length (RFC 1035 section 4.2.2). */
function segmented(segment: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let start = 2; start <= segment.length && messages.length < MAX_QUESTIONS;) {
    const end = start + ((segment[start - 2]! << 8) | segment[start - 1]!);
    if (end > segment.length) break;
    messages.push(segment.subarray(start, end));
    start = end + 2;
  }
  return messages;
}

/**
 * The questions of one message, if it is a standard query. Its header is rewritten so that no more is decoded than
 * that: the counts in it are not to be trusted, and what follows the questions is of no interest. dns-packet itself
 * ends a name after 254 bytes, and follows a compression pointer only towards the front.
 */
function asked(message: Uint8Array): Question[] {
  const isQuery = message.length > HEADER && (message[2]! & 0xf8) === 0; // neither QR nor an opcode
  if (!isQuery) return [];
  const copy = Buffer.from(message.subarray(0, MAX_BYTES));
  copy.writeUInt16BE(Math.min(copy.readUInt16BE(4), MAX_QUESTIONS), 4);
  copy.fill(0, 6, HEADER);
  try {
    return (decode(copy).questions ?? []).map(({ name, type }) => ({ name, type: typeName(type) }));
  } catch {
    return []; // cut, or no DNS at all
  }
}

function typeName(type: string): string {
  return NEWER_TYPES[type] ?? type.replace('UNKNOWN_', 'TYPE');
}
