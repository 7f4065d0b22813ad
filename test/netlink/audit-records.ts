import { messageHeader } from '../../src/netlink/message.js';

/** Type and text of a record. */
export type RecordText = readonly [type: number, text: string];

const IDS =
  'auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=4294967295';

/** What Linux 6.18 told of a perl that sent "hello" to 127.0.0.5:9. */
export const SENDTO: readonly RecordText[] = [
  [
    1300,
    `audit(1795758227.478:6): arch=c000003e syscall=44 success=yes exit=5 a0=3 a1=56389995f840 a2=5 a3=0 items=0 ppid=6412 pid=6414 ${IDS} comm="perl" exe="/usr/bin/perl" key="ptrap-exp001"`,
  ],
  [1306, 'audit(1795758227.478:6): saddr=020000097F0000050000000000000000'],
  [1327, 'audit(1795758227.478:6): proctitle="perl"'],
  [1320, 'audit(1795758227.478:6): '],
];

/** A record as the kernel sends it: its length is its own, without padding. */
export function auditMessage(type: number, text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([messageHeader(type, 0, 0, payload.length), payload]);
}

/** All of them. */
export function records(texts: readonly RecordText[]): Buffer[] {
  return texts.map(([type, text]) => auditMessage(type, text));
}
