import type { ErrorCode } from '../errors.js';
import type { Manager } from './packages.js';
import type { ToolName } from './tools.js';
import type { Trial } from './trials.js';

/** What came of trying something for real. */
export type Outcome =
  /** `latencyMs`: of a source from send to resolved match, of a hold how long a packet was held. */
  | { result: 'works'; latencyMs?: number }
  /** `code` and `fix` where ptrap itself has words for it. */
  | { result: 'fails'; code?: ErrorCode; message: string; fix?: string }
  /** Not tried, since something that it needs does not work. */
  | { result: 'lacks'; needed: Trial }
  /** It could not be tried. */
  | { result: 'untried'; why: string };

/** What a machine shows of itself, before it is judged. Plain JSON, so that it can be recorded. */
export interface Facts {
  /** ptrap's version. */
  ptrap: string;
  machine: {
    /** As `uname -r` has it. */
    kernel: string;
    arch: string;
    /** PRETTY_NAME of os-release(5). */
    distribution: string;
    /** ID of os-release(5). */
    distributionId: string;
    manager: Manager | null;
    /** Whether the modules of the running kernel are there: after an update they may be gone until the next boot. */
    hasModules: boolean;
    /** Whether the kernel describes its types, as bpf programs need it. */
    hasBtf: boolean;
    /** The level of kernel_lockdown(7); null where there is none. */
    lockdown: string | null;
    /** Whether cgroups of version 2 are mounted where systemd has them. */
    hasCgroup2: boolean;
  };
  privileges: {
    uid: number;
    /** Whether sudo has made us root. */
    bySudo: boolean;
    /** Capabilities that a watch needs and this process does not have. */
    missing: string[];
    node: { path: string; version: string; needed: string };
    /** The node that sudo would find; null where it finds none, undefined where we are root already. */
    sudoNode?: { path: string; version: string } | null;
  };
  /** Null: not installed. */
  tools: Record<ToolName, { version: string } | null>;
  journald: {
    runs: boolean;
    /** Storage= of journald.conf(5). */
    storage: string;
    /** Where it keeps the journal; null: nowhere. */
    folder: string | null;
    rateLimit: { interval: string; burst: string };
    maxLevelStore: string;
    readKMsg: string;
  };
  outcomes: Record<Trial, Outcome>;
  /** Kernel modules that were loaded by all this, and stay. */
  modulesLoaded: string[];
}
