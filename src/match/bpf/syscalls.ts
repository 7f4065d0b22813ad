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
  { name: 'sendto', to: '$to = (uint64)args->addr;', bytes: 'args->ret' },
  { name: 'sendmsg', to: message('msg'), bytes: 'args->ret' },
  { name: 'sendmmsg', to: message('mmsg'), bytes: '0' },
];

/** SOCK_RAW (linux/net.h). */
const RAW = 3;

/** EPERM: a firewall did not let it go. */
const SENT = '($ret >= 0 || $ret == -1)';

/** A probe: what it is attached to, and its statements. */
export interface SyscallProbe {
  head: string;
  code: string[];
  /** Whether these set the variables of a call. */
  isCall: boolean;
}

/** TCP_SYN_SENT (net/tcp_states.h): the connection is about to be opened, by the one that asked for it. */
const OPENING = 'args->newstate == 2 && args->protocol == 6';

/** Those of connections, whose port is not always chosen by then, and of system calls. */
export function syscallProbes(newConnections: boolean): SyscallProbe[] {
  return [
    {
      head: `tracepoint:sock:inet_sock_set_state /${OPENING}/`,
      code: [
        '$sk = (struct sock *)args->skaddr;',
        `$kind = ${kindNumber('connect')}; $bytes = (uint64)0;`,
        '$protocol = $sk->sk_protocol;',
        ...CONNECTED,
      ],
      isCall: true,
    },
    ...sendProbes(newConnections),
  ];
}

function sendProbes(newConnections: boolean): SyscallProbe[] {
  return syscalls.flatMap(({ name, to, bytes }) => [
    {
      head: `tracepoint:syscalls:sys_enter_${name}`,
      isCall: false,
      code: [to, `@fd_${name}[tid] = (uint64)args->fd + 1; @to_${name}[tid] = (uint64)$to;`],
    },
    {
      head: `tracepoint:syscalls:sys_exit_${name} /@fd_${name}[tid] != 0/`,
      isCall: true,
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
        ...kindOf(newConnections),
        ...CONNECTED,
        ...named((bits, offset) => `*(uint${bits} *)uptr($to + ${offset})`),
      ],
    },
  ]);
}

function kindOf(newConnections: boolean): string[] {
  const is = (kind: Point['kind']): string => `$kind = ${kindNumber(kind)};`;
  return [
    is('udp'),
    `if ($protocol == 6) { ${newConnections ? 'return;' : is('tcp')} }`,
    `if ($protocol == 1 || $protocol == 58) { ${is('ping')} }`,
    `if ($sk->sk_type == ${RAW}) { ${is('raw')} }`,
  ];
}
