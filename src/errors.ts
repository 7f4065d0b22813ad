/** What a user is told when ptrap cannot go on: what happened, and what to do about it. */
interface Failure {
  /** 1 runtime failure, 2 usage or config error, 3 a needed tool, kernel feature or privilege is missing. */
  exit: 1 | 2 | 3;
  cause: string;
  fix: string;
}

/** Every error ptrap can raise. The only place where error text is built. */
const failures = {
  PTRAP_E_NOT_LINUX: (platform: string): Failure => ({
    exit: 3,
    cause: `ptrap needs the Linux kernel, this is ${platform}`,
    fix: 'run it on the Linux machine whose traffic you want to see',
  }),
  PTRAP_E_NODE_TOO_OLD: (found: string, needed: string): Failure => ({
    exit: 3,
    cause: `Node ${found} is too old, ptrap needs ${needed} or newer`,
    fix: 'install a newer Node.js; mind that sudo may find another node than your shell (sudo which node)',
  }),
  PTRAP_E_NOT_ROOT: (missing: readonly string[]): Failure => ({
    exit: 3,
    cause: `not permitted: ${missing.join(', ')} missing`,
    fix: 'run it with sudo',
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
  PTRAP_E_COMMAND: (command: string, answer: string): Failure => ({
    exit: 1,
    cause: `\`${command}\` failed: ${answer}`,
    fix: 'run it again with --verbose to see every command and its answer',
  }),
} satisfies Record<`PTRAP_E_${string}`, (...detail: never[]) => Failure>;

export type ErrorCode = keyof typeof failures;

/** An error with a code, the exit code it leads to, and the way out. Its message is one line for a person. */
export class PtrapError extends Error {
  override readonly name = 'PtrapError';
  readonly exit: Failure['exit'];
  readonly fix: string;

  constructor(
    readonly code: ErrorCode,
    { exit, cause, fix }: Failure,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${cause}; ${fix}`, options);
    this.exit = exit;
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
