import type { Point } from './points.js';
import { kindNumber } from './line.js';
import { CONNECTED, named } from './variables.js';

/** The way for kernels that let no function be looked at: the tracepoints of the system calls that send. */

/** A system call, and where it has the address: in an argument, or in the message that this points to (struct msghdr: its first field). */
interface Syscall {
  name: string;
  to: string;
  bytes: string;
}

const message = (argument: string): string =>
  `$pointer = (uint64)args->${argument}; $to = 0; if ($pointer != 0) { $to = *(uint64 *)uptr($pointer); }`;

/** Of sendmmsg's messages the first stands for all. */
const syscalls: readonly Syscall[] = [
  { name: 'connect', to: '$to = (uint64)0;', bytes: '0' },
  { name: 'sendto', to: '$to = (uint64)args->addr;', bytes: 'args->ret' },
  { name: 'sendmsg', to: message('msg'), bytes: 'args->ret' },
  { name: 'sendmmsg', to: message('mmsg'), bytes: '0' },
];

/** SOCK_RAW (linux/net.h). */
const RAW = 3;

/** A call that goes on in the background (connect), and one that a firewall did not let go, count as sent. */
const SENT = '($ret >= 0 || $ret == -115 || $ret == -1)';

/** The heads of the probes, and the code that sets the variables of a call. */
export function syscallProbes(newConnections: boolean): { head: string; code: string[] }[] {
  return syscalls.flatMap(({ name, to, bytes }) => [
    {
      head: `tracepoint:syscalls:sys_enter_${name}`,
      code: [to, `@fd_${name}[tid] = (uint64)args->fd + 1; @to_${name}[tid] = (uint64)$to;`],
    },
    {
      head: `tracepoint:syscalls:sys_exit_${name} /@fd_${name}[tid] != 0/`,
      code: [
        `$fd = @fd_${name}[tid] - 1; $to = @to_${name}[tid]; delete(@fd_${name}[tid]); delete(@to_${name}[tid]);`,
        '$ret = args->ret;',
        `if (!${SENT}) { return; }`,
        '$table = (uint64)((struct task_struct *)curtask)->files->fdt->fd;',
        '$at = *(uint64 *)($table + $fd * 8);',
        '$socket = (struct socket *)((struct file *)$at)->private_data;',
        // what is no socket points elsewhere
        'if ((uint64)$socket->file != $at) { return; }',
        '$sk = $socket->sk;',
        '$protocol = $sk->sk_protocol;',
        `$bytes = (uint64)${bytes};`,
        ...kindOf(name, newConnections),
        ...CONNECTED,
        ...(name === 'connect' ? [] : named((bits, offset) => `*(uint${bits} *)uptr($to + ${offset})`)),
      ],
    },
  ]);
}

function kindOf(name: string, newConnections: boolean): string[] {
  const is = (kind: Point['kind']): string => `$kind = ${kindNumber(kind)};`;
  const isTcp = name === 'connect' ? is('connect') : newConnections ? 'return;' : is('tcp');
  return [
    is('udp'),
    ...(name === 'connect' ? ['if ($protocol != 6) { return; }'] : []),
    `if ($protocol == 6) { ${isTcp} }`,
    `if ($protocol == 1 || $protocol == 58) { ${is('ping')} }`,
    `if ($sk->sk_type == ${RAW}) { ${is('raw')} }`,
  ];
}
