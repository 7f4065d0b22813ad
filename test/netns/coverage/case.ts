import type { Grade, ProcessInfo, UnresolvedReason } from '../../../src/events.js';

/** A way to send packets, and what ptrap must say about it. The page docs/coverage.md is made of these. */
export interface Case {
  /** How it is sent. */
  name: string;
  /** Where to, as ptrap is told; `PORT` stands for the case's own port. */
  target: string;
  /** Perl with test/senders/coverage/Sender.pm: `go` before it sends, `named` with all that are to be named, or suspected, after it; `?` and a pid for one that may be, since it is a matter of moments. */
  sender: string;
  /** The grade of the answer, the reason why there is none, or that the packet is not seen at all. */
  says: Exclude<Grade, 'call'> | UnresolvedReason | 'not seen';
  /** What it says at times instead: the kernel sends from the port by itself as well, or ptrap was quick enough to see who ends at once. */
  orSays?: Grade | UnresolvedReason;
  /** Bash, run in the namespace before any sender. */
  prepare?: string;
  /** Not beside the other cases, but after them. */
  isAlone?: boolean;
  /** What is told of the process, as JSON. */
  tells?: Partial<Record<keyof ProcessInfo, RegExp>>;
  /** What it takes to have the process named, where any source does not. */
  needs?: string;
  /** What a user should know about it. */
  remark?: string;
}
