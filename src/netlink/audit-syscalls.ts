import { AUDIT_ARCH, AUDIT_SADDR_FAM, type AuditRule } from './audit.js';

/** Which syscalls are to be recorded, and by which numbers: asm/unistd.h of each architecture, AUDIT_ARCH_* of linux/audit.h. */

/** A syscall that matters here. */
export type CallName = 'socket' | 'connect' | 'sendto' | 'sendmsg' | 'sendmmsg' | 'setns' | 'unshare';

/** The syscalls of one architecture. */
export interface Architecture {
  /** AUDIT_ARCH_*. */
  arch: number;
  numbers: Readonly<Record<CallName, number>>;
  /** The one that stands for all socket calls on 32-bit x86 (its first argument tells which). */
  socketcall?: number;
}

/** By the name that node has for it (`process.arch`): the kernel's own, and the 32-bit one that it also runs. */
const architectures: Readonly<Record<string, readonly Architecture[]>> = {
  x64: [
    {
      arch: 0xc000003e,
      numbers: { socket: 41, connect: 42, sendto: 44, sendmsg: 46, sendmmsg: 307, setns: 308, unshare: 272 },
    },
    {
      arch: 0x40000003,
      numbers: {
        socket: 359,
        connect: 362,
        sendto: 369,
        sendmsg: 370,
        sendmmsg: 345,
        setns: 346,
        unshare: 310,
      },
      socketcall: 102,
    },
  ],
  arm64: [
    {
      arch: 0xc00000b7,
      numbers: {
        socket: 198,
        connect: 203,
        sendto: 206,
        sendmsg: 211,
        sendmmsg: 269,
        setns: 268,
        unshare: 97,
      },
    },
    {
      arch: 0x40000028,
      numbers: {
        socket: 281,
        connect: 283,
        sendto: 290,
        sendmsg: 296,
        sendmmsg: 374,
        setns: 375,
        unshare: 337,
      },
    },
  ],
};

/** Those of a machine; undefined where they are not known. */
export function architecturesOf(name: string): readonly Architecture[] | undefined {
  return Object.hasOwn(architectures, name) ? architectures[name] : undefined;
}

/** As the first argument of socketcall(2) has them: linux/net.h. */
const SOCKETCALLS: Readonly<Record<number, CallName>> = {
  1: 'socket',
  3: 'connect',
  9: 'sendto',
  11: 'sendto',
  16: 'sendmsg',
  20: 'sendmmsg',
};

/** Tells calls by their numbers. */
export function nameCalls(
  all: readonly Architecture[],
): (arch: number, number: number) => CallName | 'socketcall' | undefined {
  const names = new Map(
    all.flatMap(({ arch, numbers, socketcall }) => [
      ...Object.entries(numbers).map(([name, number]) => [`${arch} ${number}`, name as CallName] as const),
      ...(socketcall === undefined ? [] : [[`${arch} ${socketcall}`, 'socketcall'] as const]),
    ]),
  );
  return (arch, number) => names.get(`${arch} ${number}`);
}

/** The call that a socketcall is; undefined for one that does not matter. */
export function socketcallName(operation: number): CallName | undefined {
  return SOCKETCALLS[operation];
}

const [AF_INET, AF_INET6] = [2, 10];
const FIELD_NAMES: Readonly<Record<number, string>> = {
  [AUDIT_ARCH]: 'arch',
  [AUDIT_SADDR_FAM]: 'saddr_fam',
};

/** A rule as auditctl(8) would be given it, its syscalls by number. */
export function ruleText({ syscalls, fields, key }: AuditRule): string {
  const tests = fields.map(([field, value]) => {
    const number = field === AUDIT_ARCH ? `0x${value.toString(16)}` : String(value);
    return `-F ${FIELD_NAMES[field] ?? field}=${number}`;
  });
  const [arch, ...more] = tests;
  return ['auditctl -a always,exit', arch, `-S ${syscalls.join(',')}`, ...more, `-k ${key}`].join(' ');
}

/**
 * The rules that have the calls recorded which send, and those that tell what they send by. Each syscall of the machine
 * is held against each rule: there are few.
 * @param sends false: only what opens a connection matters, so a send only where it names an address
 * @param byFamily whether the kernel can tell address families apart (Linux 5.3): then calls to a unix socket are not recorded
 */
export function callRules(
  all: readonly Architecture[],
  key: string,
  { sends, byFamily }: { sends: boolean; byFamily: boolean },
): AuditRule[] {
  return all.flatMap(({ arch, numbers, socketcall }) => {
    const { connect, sendto, sendmsg, sendmmsg, socket, setns, unshare } = numbers;
    const rule = (syscalls: number[], ...more: [number, number][]): AuditRule => ({
      syscalls,
      fields: [[AUDIT_ARCH, arch], ...more],
      key,
    });
    const senders = [sendto, sendmsg, sendmmsg];
    const plain = [socket, setns, unshare, ...(sends ? senders : [])];
    const addressed = [connect, ...(sends ? [] : senders)];
    if (socketcall !== undefined) return [rule([...plain, ...addressed, socketcall])];
    if (!byFamily) return [rule([...plain, ...addressed])];
    return [rule(plain), ...[AF_INET, AF_INET6].map(family => rule(addressed, [AUDIT_SADDR_FAM, family]))];
  });
}
