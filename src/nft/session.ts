import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { failure, type PtrapError } from '../errors.js';
import { descriptorsOf, missing, start, traceLine, type Child } from '../sys/exec.js';

/** One object of nft's JSON output (libnftables-json(5)): a single key that names its kind. */
type NftObject = Record<string, { table?: string; name?: string; handle?: number; comment?: string }>;

/** A rule as the kernel has it. */
export interface NftRule {
  handle: number;
  comment?: string;
}

/**
 * The one nft child that owns this instance's tables (`flags owner`). The kernel removes them when the child ends,
 * and the child ends at end-of-file on its stdin: so they go with ptrap, whatever ends it.
 */
export interface NftSession extends AsyncDisposable {
  /**
   * Runs the commands as one transaction.
   * @throws PTRAP_E_NFT with nft's own words when it was refused or the child has ended
   */
  transaction(commands: readonly string[]): Promise<void>;
  /**
   * The rules of a chain of this session's, in order, with their handles.
   * @throws PTRAP_E_NFT when the child has ended
   */
  rules(family: string, table: string, chain: string): Promise<NftRule[]>;
  /**
   * Names of the chains of a table.
   * @throws PTRAP_E_NFT when the child has ended
   */
  chains(family: string, table: string): Promise<string[]>;
  /**
   * Deletes a table and looks whether it has gone.
   * @throws PTRAP_E_NFT when it is still there
   */
  deleteTable(family: string, name: string): Promise<void>;
  /** Our ends of the pipes to nft: whoever has them too keeps it alive, and with it the tables. The first takes commands, a line each. */
  readonly descriptors: readonly number[];
  /** Settles when the child ends though nobody asked it to: the rules have gone with it. */
  readonly ended: Promise<PtrapError>;
}

interface Pending {
  resolve(listed: NftObject[]): void;
  reject(error: Error): void;
}

/** How long nft may take to answer, or to end, in ms. */
const PATIENCE = 30_000;

/** A listing that is as good as empty: its answer means that nft is done with the line before it. */
const LIST_NOTHING = 'list chains arp';

/**
 * Starts the owning child. Up to 1.0.7, nft prints the flags of a table as JSON out of freed memory, writes to it, and
 * may end of that: so it must neither echo (-e) nor list a table of ours.
 * @throws PTRAP_E_NFT_MISSING when there is no nft
 */
export async function openNft(): Promise<NftSession> {
  const child = start('nft', ['-i', '-j']);
  await once(child, 'spawn').catch(() => {
    throw missing('nft');
  });
  return sessionOver(child);
}

function sessionOver(child: Child): NftSession {
  const queue: Pending[] = [];
  let errorText = '';
  let closing = false;

  createInterface({ input: child.stdout }).on('line', line => {
    if (!line.startsWith('{')) return;
    traceLine(`  nft: ${line}`);
    const { nftables } = JSON.parse(line) as { nftables: NftObject[] };
    queue.shift()?.resolve(nftables);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errorText += text;
    traceLine(`  nft: ${text.trimEnd()}`);
    // it lists nothing then, so there is nothing to wait for
    if (!errorText.includes('cache initialization failed')) return;
    const error = failure('PTRAP_E_NFT', errorText.trim().replaceAll('\n', ' '));
    for (const pending of queue.splice(0)) pending.reject(error);
  });
  child.stdin.on('error', () => traceLine('  nft: stdin closed'));

  const ended = new Promise<PtrapError>(resolve => {
    child.once('exit', (code, signal) => {
      const error = failure('PTRAP_E_NFT', errorText.trim() || `it ended (${signal ?? code})`);
      for (const pending of queue.splice(0)) pending.reject(error);
      if (!closing) resolve(error);
    });
  });

  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;

  /** Gives what `list` shows once `command` is done. */
  function ask(command: string, list: string): Promise<NftObject[]> {
    errorText = '';
    return new Promise((resolve, reject) => {
      if (hasEnded()) {
        reject(failure('PTRAP_E_NFT', 'its child has ended'));
        return;
      }
      queue.push({ resolve, reject });
      setTimeout(reject, PATIENCE, failure('PTRAP_E_NFT', 'no answer')).unref();
      child.stdin.write(`${command}\n${list}\n`);
    });
  }

  async function transaction(commands: readonly string[]): Promise<void> {
    const line = commands.join('; ');
    traceLine(`nft> ${line}`);
    await ask(line, LIST_NOTHING);
    const error = await refusal();
    if (errorText.includes('Error')) throw error;
  }

  /** nft says what is wrong before it lists, but on another pipe, which the same turn of the event loop reads. */
  async function refusal(): Promise<PtrapError> {
    await setImmediate();
    return failure('PTRAP_E_NFT', errorText.trim().split('\n')[0] || 'refused');
  }

  async function rules(family: string, table: string, chain: string): Promise<NftRule[]> {
    const listed = await ask('', `list chain ${family} ${table} ${chain}`);
    return listed.flatMap(({ rule }) => (rule ? [rule as NftRule] : []));
  }

  async function chains(family: string, table: string): Promise<string[]> {
    const listed = await ask('', `list chains ${family}`);
    return listed.flatMap(({ chain }) => (chain?.table === table && chain.name ? [chain.name] : []));
  }

  async function deleteTable(family: string, name: string): Promise<void> {
    if (hasEnded()) return; // and the kernel has removed its tables
    const command = `delete table ${family} ${name}`;
    traceLine(`nft> ${command}`);
    const listed = await ask(command, `list chains ${family}`);
    if (listed.some(({ chain }) => chain?.table === name)) throw await refusal();
  }

  async function close(): Promise<void> {
    closing = true;
    if (hasEnded()) return;
    const exit = once(child, 'exit');
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    await exit;
    clearTimeout(timer);
  }

  return {
    transaction,
    rules,
    chains,
    deleteTable,
    descriptors: descriptorsOf(child),
    ended,
    [Symbol.asyncDispose]: close,
  };
}
