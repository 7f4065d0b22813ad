import { visible } from './sys/text.js';

/** What a user is told when ptrap cannot go on: what happened, and what to do about it. */
interface Failure {
  /** 1 runtime failure, 2 usage or config error, 3 a needed tool, kernel feature or privilege is missing. */
  exit: 1 | 2 | 3;
  cause: string;
  fix: string;
}

/** Before what is allowed. */
function guess(nearest: string | undefined): string {
  return nearest === undefined ? '' : `did you mean ${nearest}? `;
}

/** Every error ptrap can raise. The only place where error text is built. */
const failures = {
  PTRAP_E_NOT_LINUX: (platform: string): Failure => ({
    exit: 3,
    cause: `ptrap needs the Linux kernel, this is ${platform}`,
    fix: 'run it on the Linux machine whose traffic you want to see',
  }),
  PTRAP_E_NODE_TOO_OLD: (found: string, file: string, needed: string): Failure => ({
    exit: 3,
    cause: `Node ${found} (${visible(file)}) is too old, ptrap needs ${needed} or newer`,
    fix: 'install a newer Node.js; where your shell has one that sudo does not find: sudo "$(command -v node)" "$(command -v ptrap)" …',
  }),
  PTRAP_E_NOT_ROOT: (missing: readonly string[], sudoLine?: string): Failure => ({
    exit: 3,
    cause: `not permitted: ${missing.join(', ')} missing`,
    fix: sudoLine === undefined ? 'run it with sudo' : `run it with sudo: ${visible(sudoLine)} …`,
  }),
  PTRAP_E_TOOL_MISSING: (tool: string, packageName: string): Failure => ({
    exit: 3,
    cause: `${tool} not found`,
    fix: `install ${packageName} (apt install ${packageName})`,
  }),
  PTRAP_E_NFT_MISSING: (): Failure => ({
    exit: 3,
    cause: 'nft not found',
    fix: 'install nftables (apt install nftables)',
  }),
  PTRAP_E_TARGET: (text: string, why: string, allowed: string, nearest?: string): Failure => ({
    exit: 2,
    cause: `bad target "${visible(text)}": ${visible(why)}`,
    fix: `${guess(nearest)}allowed: ${allowed}`,
  }),
  PTRAP_E_TARGET_NAME: (name: string, why: string): Failure => ({
    exit: 1,
    cause: `cannot look up "${name}": ${why}`,
    fix: 'give its address, or see to the resolver',
  }),
  PTRAP_E_NETNS: (text: string, nearest: string | undefined): Failure => ({
    exit: 2,
    cause: `no network namespace "${visible(text)}"`,
    fix: nearest
      ? `did you mean ${visible(nearest)}?`
      : 'allowed: a name that ip netns lists, a pid, a path, or the id or name of a running container',
  }),
  PTRAP_E_NETNS_ENTRY: (text: string, path: string): Failure => ({
    exit: 2,
    cause: `watch() stays in its own process, which is not in the network namespace "${visible(text)}"`,
    fix: `start the program in it (nsenter --net=${visible(path)} node …), or run \`ptrap watch --netns\` with --output json`,
  }),
  PTRAP_E_USER: (text: string, nearest: string | undefined): Failure => ({
    exit: 2,
    cause: `no user "${visible(text)}" on this machine`,
    fix: nearest ? `did you mean ${visible(nearest)}?` : 'allowed: a name or uid that `getent passwd` lists',
  }),
  PTRAP_E_USER_WITHOUT_COMMAND: (): Failure => ({
    exit: 2,
    cause: '--exec-user without a command that could run as that user',
    fix: 'give the command, such as: -e "pstree -p"',
  }),
  PTRAP_E_LOOPBACK_DOWN: (): Failure => ({
    exit: 3,
    cause: 'the loopback device is down here, over which ptrap proves that its rules work',
    fix: 'ip link set lo up (inside of the network namespace: ip -n NAME link set lo up)',
  }),
  PTRAP_E_NFT: (answer: string): Failure => ({
    exit: 1,
    cause: `nft refused or ended: ${answer}`,
    fix: 'run it again with --verbose to see the ruleset and the answer',
  }),
  PTRAP_E_OPTION: (flag: string, nearest: string | undefined): Failure => ({
    exit: 2,
    cause: `unknown option ${visible(flag)}`,
    fix: nearest ? `did you mean ${nearest}?` : 'ptrap --help lists all of them',
  }),
  PTRAP_E_SUBCOMMAND: (word: string, nearest: string): Failure => ({
    exit: 2,
    cause: `unknown command ${visible(word)}`,
    fix: `did you mean ptrap ${nearest}? (for a host of that name: ptrap watch ${visible(word)})`,
  }),
  PTRAP_E_ARGUMENT: (argument: string, command: string): Failure => ({
    exit: 2,
    cause: `ptrap ${command} does not take "${visible(argument)}"`,
    fix: `ptrap ${command} --help says what it takes`,
  }),
  PTRAP_E_VALUE: (flag: string, found: string, allowed: string, nearest?: string): Failure => ({
    exit: 2,
    cause: `${flag}: found ${found}`,
    fix: `${guess(nearest)}allowed: ${allowed}`,
  }),
  PTRAP_E_ENDLESS_SUMMARY: (): Failure => ({
    exit: 2,
    cause: '--summary adds up what was seen, and with --follow there is no end of that',
    fix: 'leave out one of the two',
  }),
  PTRAP_E_JOURNAL_HISTORY: (why: string): Failure => ({
    exit: 1,
    cause: `the journal cannot be read: ${visible(why)}`,
    fix: 'run it with sudo, or as a member of the group systemd-journal; --directory must be a folder of journal files',
  }),
  PTRAP_E_NO_TARGET: (): Failure => ({
    exit: 2,
    cause: 'no target given',
    fix: 'name at least one, such as: ptrap watch 192.168.1.1:53/udp',
  }),
  PTRAP_E_CONFIG: (file: string, key: string, found: string, allowed: string, nearest?: string): Failure => ({
    exit: 2,
    cause: `${visible(file)}: ${key && `${visible(key)}: `}found ${found}`,
    fix: `${guess(nearest)}allowed: ${allowed}`,
  }),
  PTRAP_E_CONFIG_TARGET: (file: string, key: string, found: string, fix: string): Failure => ({
    exit: 2,
    cause: `${visible(file)}: ${visible(key)}: found ${found}`,
    fix,
  }),
  PTRAP_E_CONFIG_KEY: (
    file: string,
    key: string,
    nearest: string | undefined,
    all: readonly string[],
  ): Failure => ({
    exit: 2,
    cause: `${visible(file)}: unknown key ${visible(key)}`,
    fix: nearest ? `did you mean ${nearest}?` : `allowed: ${all.join(', ')}`,
  }),
  PTRAP_E_CONFIG_LOAD: (file: string, why: string): Failure => ({
    exit: 2,
    cause: `cannot load ${visible(file)}: ${visible(why)}`,
    fix: 'correct the file, or use --config FILE or --no-config',
  }),
  PTRAP_E_UNTRUSTED: (file: string, culprit: string, why: string, cure: string): Failure => ({
    exit: 2,
    cause: `${visible(file)} is not loaded: ${visible(culprit)} ${why}`,
    fix: `it would run as root; if you trust it: ${visible(cure)}`,
  }),
  PTRAP_E_PLUGIN: (reference: string, nearest: string | undefined, known: readonly string[]): Failure => ({
    exit: 2,
    cause: `unknown plugin "${visible(reference)}"`,
    fix: nearest
      ? `did you mean ${nearest}?`
      : `allowed: a path such as ./my-plugin.ts, or ${known.map(visible).join(', ')}; others: npm install ptrap-plugin-NAME`,
  }),
  PTRAP_E_PLUGIN_LOAD: (reference: string, why: string): Failure => ({
    exit: 2,
    cause: `cannot load plugin "${visible(reference)}": ${visible(why)}`,
    fix: 'it must export a plugin, or a function that makes one, as its default; see docs/plugins.md',
  }),
  PTRAP_E_NETEM_MISSING: (answer: string): Failure => ({
    exit: 3,
    cause: `the kernel has no netem, so packets cannot be held: ${answer}`,
    fix: 'install the kernel’s extra modules (apt install linux-modules-extra-$(uname -r) on Ubuntu, dnf install kernel-modules-extra on Fedora), or use --hold none',
  }),
  PTRAP_E_NOT_HELD: (wantedMs: number, foundMs: number): Failure => ({
    exit: 1,
    cause: `a packet that was to be held for ${wantedMs} ms came after ${foundMs.toFixed(1)} ms`,
    fix: 'report it as a bug, with the kernel version (uname -r)',
  }),
  PTRAP_E_IFB_MISSING: (answer: string): Failure => ({
    exit: 3,
    cause: `the kernel has no ifb device, so packets cannot be held: ${answer}`,
    fix: 'load or install the module ifb (modprobe ifb numifbs=0), or use --hold none',
  }),
  PTRAP_E_EGRESS_MISSING: (answer: string): Failure => ({
    exit: 3,
    cause: `nft cannot hook the egress of a device: ${answer}`,
    fix: 'needs Linux 5.17 and nft 1.0.1 or newer; use --hold-strategy clsact, or --hold none',
  }),
  PTRAP_E_INGRESS_QDISC: (device: string): Failure => ({
    exit: 3,
    cause: `${visible(device)} has an ingress qdisc, in the place of the clsact that would be needed`,
    fix: 'use --hold-strategy egress, or replace that ingress by clsact, which can do the same',
  }),
  PTRAP_E_TC_FILTER: (device: string, answer: string): Failure => ({
    exit: 3,
    cause: `tc cannot send packets of ${visible(device)} to be held: ${visible(answer)}`,
    fix: 'needs the kernel modules sch_ingress, cls_basic, em_cmp, em_meta, em_u32 and act_mirred; use --hold-strategy egress, or --hold none',
  }),
  PTRAP_E_ROOT_QDISC: (device: string, what: string, why: string): Failure => ({
    exit: 3,
    cause: `${visible(device)}: ${visible(what)} at its root could not be restored exactly, so nothing was touched: ${why}`,
    fix: 'use --hold-strategy egress or clsact, which leave it as it is',
  }),
  PTRAP_E_ROOT_RESTORE: (device: string): Failure => ({
    exit: 1,
    cause: `the qdiscs of ${visible(device)} are not as they were before`,
    fix: 'set them again; see tc qdisc show, and ptrap cleanup for another try',
  }),
  PTRAP_E_TABLE_HELD: (family: string, name: string): Failure => ({
    exit: 1,
    cause: `table ${family} ${name} is still there: the nft child that owns it has not ended with its ptrap`,
    fix: 'end that child (pgrep -x nft), then run ptrap cleanup',
  }),
  PTRAP_E_IFB_BUSY: (name: string, waiting: number): Failure => ({
    exit: 1,
    cause: `${waiting} packets still wait in ${name}; it is not deleted, or they would be lost`,
    fix: 'run ptrap cleanup later',
  }),
  PTRAP_E_NFLOG_MISSING: (answer: string): Failure => ({
    exit: 3,
    cause: `the kernel gives no NFLOG group to read: ${visible(answer)}`,
    fix: 'load or install nfnetlink_log (modprobe nfnetlink_log), or use --source journal',
  }),
  PTRAP_E_QUEUE_MISSING: (answer: string): Failure => ({
    exit: 3,
    cause: `the kernel gives no queue to hold packets in: ${visible(answer)}`,
    fix: 'load or install nfnetlink_queue and nft_queue (modprobe nft_queue), or use --source nflog',
  }),
  PTRAP_E_TWO_HOLDS: (hold: string): Failure => ({
    exit: 2,
    cause: `--source queue holds packets itself, found --hold ${hold}`,
    fix: 'leave out one of the two',
  }),
  PTRAP_E_NO_HOLD: (source: string): Failure => ({
    exit: 2,
    cause: `--source ${source} sees who sends and holds nothing, found --hold netem`,
    fix: 'leave out one of the two',
  }),
  PTRAP_E_BPF: (answer: string): Failure => ({
    exit: 3,
    cause: `bpftrace cannot look at what the kernel sends: ${visible(answer)}`,
    fix: 'run it again with --verbose to see the program; or use --source nflog',
  }),
  PTRAP_E_BTF_MISSING: (): Failure => ({
    exit: 3,
    cause: 'the kernel does not tell of its own structures (no /sys/kernel/btf/vmlinux)',
    fix: 'needs a kernel with CONFIG_DEBUG_INFO_BTF, as distributions have them since 2020; or use --source nflog',
  }),
  PTRAP_E_TRACEFS_MISSING: (): Failure => ({
    exit: 3,
    cause: 'tracefs, which bpftrace needs, is not mounted',
    fix: 'mount -t tracefs tracefs /sys/kernel/tracing && mount -t debugfs debugfs /sys/kernel/debug',
  }),
  PTRAP_E_LOCKDOWN: (mode: string): Failure => ({
    exit: 3,
    cause: `this kernel is locked down (${mode}): nobody may look into it, not even root`,
    fix: 'see kernel_lockdown(7); or use --source nflog',
  }),
  PTRAP_E_AUDIT_MISSING: (): Failure => ({
    exit: 3,
    cause: 'the kernel has no audit, or it was turned off at boot (audit=0)',
    fix: 'boot with audit=1, or use --source nflog',
  }),
  PTRAP_E_AUDIT_REFUSED: (): Failure => ({
    exit: 3,
    cause: 'the kernel does not let ptrap set up its audit',
    fix: 'run it as root, outside of containers and all pid and user namespaces; see auditctl -s for enabled 2 (locked)',
  }),
  PTRAP_E_AUDIT_LOCKED: (): Failure => ({
    exit: 3,
    cause:
      'the audit configuration is locked until the next boot (auditctl -s: enabled 2), so no rule can be added',
    fix: 'use --source nflog, or take `-e 2` out of /etc/audit/rules.d and reboot',
  }),
  PTRAP_E_AUDIT_PANIC: (): Failure => ({
    exit: 3,
    cause:
      'this kernel panics when an audit record is lost (auditctl -s: failure 2), and records of all calls that send may be too many',
    fix: 'auditctl -f 1, or use --source nflog',
  }),
  PTRAP_E_AUDIT_NEVER: (): Failure => ({
    exit: 3,
    cause: 'a rule of this machine keeps processes from being audited at all (auditctl -l: -a never,task)',
    fix: 'delete that rule (auditctl -d never,task; /etc/audit/rules.d), or use --source nflog',
  }),
  PTRAP_E_AUDIT_ARCH: (architecture: string): Failure => ({
    exit: 3,
    cause: `ptrap does not know the syscalls of ${architecture} by their numbers`,
    fix: 'use --source nflog',
  }),
  PTRAP_E_AUDIT_ENDED: (what: string): Failure => ({
    exit: 1,
    cause: `somebody else has ${what}, so calls are not recorded any more`,
    fix: 'find out who (auditctl, auditd and systemd-journald can), then start ptrap again',
  }),
  PTRAP_E_SOURCE_ENDED: (): Failure => ({
    exit: 1,
    cause: 'the child that reads packets has ended',
    fix: 'somebody killed it; start ptrap again',
  }),
  PTRAP_E_SOURCE_SILENT: (source: string): Failure => ({
    exit: 1,
    cause: `the kernel has passed a probe packet on, but nothing came through ${source}`,
    fix: 'use another --source',
  }),
  PTRAP_E_JOURNALCTL: (answer: string): Failure => ({
    exit: 1,
    cause: `journalctl does not bring the journal: ${visible(answer)}`,
    fix: 'see what `journalctl -f -k` says',
  }),
  PTRAP_E_PROBE_NOT_LOGGED: (): Failure => ({
    exit: 1,
    cause: 'a packet of ptrap’s own, sent over lo, did not pass its rule',
    fix: 'see that lo is up (ip link set lo up) and no firewall of yours drops 127.0.0.0/8',
  }),
  PTRAP_E_LOG_FORGEABLE: (): Failure => ({
    exit: 3,
    cause:
      'net.netfilter.nf_log_all_netns is 1, so others can write lines into the kernel’s log that look like ptrap’s, and no NFLOG group tells them apart',
    fix: 'load or install nfnetlink_log (modprobe nfnetlink_log), or sysctl -w net.netfilter.nf_log_all_netns=0',
  }),
  PTRAP_E_NETNS_LOG: (): Failure => ({
    exit: 3,
    cause: 'the kernel logs no packets of this network namespace',
    fix: 'sysctl -w net.netfilter.nf_log_all_netns=1, or run ptrap outside of the namespace',
  }),
  PTRAP_E_JOURNALD_DOWN: (): Failure => ({
    exit: 3,
    cause: 'systemd-journald is not running',
    fix: 'start it (systemctl start systemd-journald)',
  }),
  PTRAP_E_KERNEL_LOG_HELD: (): Failure => ({
    exit: 3,
    cause: 'the journal has kernel messages, but those of ptrap’s rule do not arrive',
    fix: 'see MaxLevelStore (must be debug) and ReadKMsg in journald.conf(5), and whether journald is overloaded',
  }),
  PTRAP_E_KERNEL_LOG_UNREAD: (answer: string): Failure => ({
    exit: 3,
    cause: `the journal shows no kernel messages${answer ? ` (${visible(answer)})` : ''}`,
    fix: 'see ReadKMsg in journald.conf(5), and that this user may read the journal; in a container run ptrap on the host',
  }),
  PTRAP_E_PROBE_LOST: (lost: number, sent: number): Failure => ({
    exit: 1,
    cause: `${lost} of ${sent} probe packets did not come back through the source`,
    fix: 'the machine is too busy for its journal; try again later',
  }),
  PTRAP_E_PROBE_LATE: (): Failure => ({
    exit: 1,
    cause: 'no look-up of ptrap’s own socket came to an end in time',
    fix: 'the machine is too busy; try again later',
  }),
  PTRAP_E_PROBE_UNRESOLVED: (found: string): Failure => ({
    exit: 3,
    cause: `ptrap could not find its own socket (${found}): the kernel’s socket diagnosis or /proc is closed to it`,
    fix: 'load inet_diag and udp_diag (modprobe udp_diag), run it as root, and not under hidepid',
  }),
  PTRAP_E_STATE_DIR: (folder: string, why: string): Failure => ({
    exit: 1,
    cause: `${folder}, where ptrap keeps its records, ${why}`,
    fix: 'find out who made it, and take it away; ptrap makes one of its own',
  }),
  PTRAP_E_RECORD: (path: string, why: string): Failure => ({
    exit: 1,
    cause: `the record ${path}, without which nothing may be changed, cannot be written: ${why}`,
    fix: 'make room in /run (df /run)',
  }),
  PTRAP_E_INSTANCE: (id: string, why: string): Failure => ({
    exit: 2,
    cause: `cannot clean up "${visible(id)}": ${why}`,
    fix: 'ptrap ls shows the instances',
  }),
  PTRAP_E_COMMAND: (command: string, answer: string): Failure => ({
    exit: 1,
    cause: `\`${command}\` failed: ${answer}`,
    fix: 'run it again with --verbose to see every command and its answer',
  }),
  PTRAP_E_PLUGIN_INVALID: (plugin: string, problem: string): Failure => ({
    exit: 2,
    cause: `plugin ${plugin} is not a plugin: ${problem}`,
    fix: "export definePlugin({ name, apply(trap) { … } }) or definePlugin(options => ({ … })), from 'ptrap'",
  }),
  PTRAP_E_PLUGIN_DUPLICATE: (plugin: string): Failure => ({
    exit: 2,
    cause: `there are two plugins named ${plugin}`,
    fix: 'name each plugin once; notes and failures are kept by plugin name',
  }),
  PTRAP_E_PLUGIN_ANSWER: (hook: string, problem: string): Failure => ({
    exit: 1,
    cause: `a tap of ${hook} gave an answer that cannot be used: ${problem}`,
    fix: 'answer as the plugin API describes it, or return nothing',
  }),
  PTRAP_E_HOOK_UNKNOWN: (hook: string, nearest: string | undefined, known: readonly string[]): Failure => ({
    exit: 2,
    cause: `there is no hook named ${visible(hook)}`,
    fix: `${nearest ? `did you mean ${nearest}? ` : ''}There are ${known.join(', ')}`,
  }),
  PTRAP_E_INIT_NAME: (name: string): Failure => ({
    exit: 2,
    cause: `"${visible(name)}" is no name for a plugin`,
    fix: 'allowed: small letters, digits and hyphens, such as my-plugin',
  }),
  PTRAP_E_INIT_WHAT: (what: string): Failure => ({
    exit: 2,
    cause: `ptrap init does not make "${visible(what)}"`,
    fix: 'allowed: ptrap init, for a config, or ptrap init plugin NAME',
  }),
  PTRAP_E_INIT_EXISTS: (file: string): Failure => ({
    exit: 2,
    cause: `${visible(file)} is there already`,
    fix: 'use another folder or name, or overwrite it with --force',
  }),
  PTRAP_E_INIT_WRITE: (file: string, why: string): Failure => ({
    exit: 1,
    cause: `cannot write ${visible(file)}: ${visible(why)}`,
    fix: 'see that you may write there',
  }),
  PTRAP_E_NETLINK: (errno: string): Failure => ({
    exit: 1,
    cause: `the kernel refused a netlink request: ${errno}`,
    fix: 'see `ptrap doctor` for what this kernel offers',
  }),
  PTRAP_E_NETLINK_TIMEOUT: (timeoutMs: number): Failure => ({
    exit: 1,
    cause: `the kernel did not answer a netlink request within ${timeoutMs} ms`,
    fix: 'try again; the machine may be overloaded',
  }),
  PTRAP_E_NETLINK_LOST: (why: string): Failure => ({
    exit: 1,
    cause: `a netlink answer was lost: ${why}`,
    fix: 'try again; the machine may be overloaded',
  }),
  PTRAP_E_NETLINK_MALFORMED: (what: string): Failure => ({
    exit: 1,
    cause: `malformed netlink ${what}`,
    fix: 'report it as a bug, with the kernel version (uname -r)',
  }),
  PTRAP_E_PROC_CONNECTOR: (why: string): Failure => ({
    exit: 3,
    cause: `the kernel does not tell which processes start and end: ${why}`,
    fix: 'run it as root, on a kernel with CONFIG_PROC_EVENTS; or with --no-process-table',
  }),
  PTRAP_E_PROC_NAMESPACE: (): Failure => ({
    exit: 3,
    cause: 'the kernel does not tell here which processes start and end',
    fix: 'it does outside of all pid, user and network namespaces',
  }),
  PTRAP_E_NETLINK_CLOSED: (): Failure => ({
    exit: 1,
    cause: 'the netlink socket is closed',
    fix: 'report it as a bug',
  }),
} satisfies Record<`PTRAP_E_${string}`, (...detail: never[]) => Failure>;

export type ErrorCode = keyof typeof failures;

/** An error with a code, the exit code it leads to, and the way out. Its message is one line for a person. */
export class PtrapError extends Error {
  override readonly name = 'PtrapError';
  readonly exit: Failure['exit'];
  /** What happened, without the way out. */
  readonly what: string;
  readonly fix: string;

  constructor(
    readonly code: ErrorCode,
    { exit, cause, fix }: Failure,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${cause}; ${fix}`, options);
    this.exit = exit;
    this.what = cause;
    this.fix = fix;
  }
}

/** Builds the error for `code` from its details; throw what it returns. */
export function failure<Code extends ErrorCode>(
  code: Code,
  ...detail: Parameters<(typeof failures)[Code]>
): PtrapError {
  const build = failures[code] as (...detail: Parameters<(typeof failures)[Code]>) => Failure;
  return new PtrapError(code, build(...detail));
}
